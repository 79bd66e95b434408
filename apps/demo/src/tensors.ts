import type { Tensor, TrainingTable } from '@slipway/plugin-kit';

/** Rows `from` to `until` of the named columns as model inputs of shape [n, 1]: FP64 for numbers, BYTES for categories. */
export function tensorsOf(table: TrainingTable, names: readonly string[], from: number, until: number): Tensor[] {
  return names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`no column '${name}'`);
    const shape = [until - from, 1];
    if (column.kind === 'numeric') return { name, datatype: 'FP64', shape, data: column.values.subarray(from, until) };
    const data = Array.from(column.codes.subarray(from, until), (code) => column.categories[code] ?? '');
    return { name, datatype: 'BYTES', shape, data };
  });
}

/** Raw little-endian content of an FP64 or BYTES tensor, as Open Inference wants it. */
export function rawContent(tensor: Tensor): Buffer {
  if (tensor.datatype === 'FP64')
    return Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  if (tensor.datatype !== 'BYTES') throw new Error(`the demo sends no ${tensor.datatype}`);
  return Buffer.concat(
    tensor.data.map((text) => {
      const element = Buffer.allocUnsafe(4 + Buffer.byteLength(text));
      element.writeUInt32LE(element.length - 4, 0);
      element.write(text, 4);
      return element;
    }),
  );
}

/** Values of an FP32 output. */
export function floats(raw: Uint8Array): Float32Array {
  const copy = new Uint8Array(raw); // the wire gives no alignment
  return new Float32Array(copy.buffer, 0, copy.byteLength / 4);
}
