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
