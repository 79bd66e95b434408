import type { Tensor } from '@slipway/plugin-kit';

type Elements = Exclude<Tensor['data'], readonly string[]>;

/** Rows of tensors of one input one after the other; they differ in their first dimension alone. @param parts one or more. */
export function concatTensors(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw new RangeError('no tensor to concatenate');
  if (parts.length === 1) return first;
  const rows = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
  const shape = [rows, ...first.shape.slice(1)];
  if (first.datatype === 'BYTES') return { ...first, shape, data: parts.flatMap((part) => [...part.data] as string[]) };
  const sources = parts.map((part) => part.data as Elements);
  const length = sources.reduce((sum, source) => sum + source.length, 0);
  const Data = first.data.constructor as new (length: number) => Elements;
  const data = new Data(length);
  let at = 0;
  for (const source of sources) {
    (data as Float64Array).set(source as Float64Array, at); // the same type as `data`, whichever that is
    at += source.length;
  }
  return { ...first, shape, data } as Tensor;
}
