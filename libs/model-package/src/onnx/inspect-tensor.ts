import { artifactPath } from '@slipway/plugin-kit';
import { ELEMENT_LAYOUT, type ElementLayout } from './element-types.ts';
import { quoted, type Inspection } from './inspection.ts';
import type { OnnxSparseTensor, OnnxTensor } from './onnx-model.ts';

const RANK_MAX = 32;
const INT64_ELEMENT = 7;

/** Product of the dimensions, exact; undefined after a refusal. */
function elementCount(dims: readonly bigint[], path: string, inspection: Inspection): bigint | undefined {
  if (dims.length > RANK_MAX) {
    inspection.refuse(`${path}.dims`, `rank ${dims.length} is more than ${RANK_MAX}`);
    return undefined;
  }
  const negative = dims.findIndex((dim) => dim < 0n);
  if (negative >= 0) {
    inspection.refuse(`${path}.dims[${negative}]`, 'is negative; a stored tensor has fixed sizes');
    return undefined;
  }
  return dims.reduce((product, dim) => product * dim, 1n);
}

/** Checks that a stored tensor's bytes are exactly what its shape and element type say. */
export function inspectTensor(tensor: OnnxTensor, path: string, inspection: Inspection): void {
  const layout = ELEMENT_LAYOUT.get(tensor.dataType);
  if (!layout) return inspection.refuse(`${path}.data_type`, `element type ${tensor.dataType} is not supported`);
  if (tensor.hasSegment) inspection.refuse(`${path}.segment`, 'segments are not supported; store the whole tensor');
  const count = elementCount(tensor.dims, path, inspection);
  if (count === undefined) return undefined;
  const bytes = (count * BigInt(layout.bits) + 7n) / 8n;
  if (bytes > BigInt(inspection.limits.tensorBytesMax)) {
    return inspection.refuse(
      `${path}.dims`,
      `needs ${bytes} bytes; a tensor may have ${inspection.limits.tensorBytesMax}`,
    );
  }
  inspection.parameterCount += count;
  if (tensor.isExternal || tensor.externalData.length > 0) inspectExternal(tensor, bytes, path, inspection);
  else inspectContents(tensor, layout, count, bytes, path, inspection);
}

function inspectContents(
  { contents }: OnnxTensor,
  layout: ElementLayout,
  count: bigint,
  bytes: bigint,
  path: string,
  inspection: Inspection,
): void {
  const { rawBytes, ...typed } = contents;
  const filled = Object.entries(typed).filter(([, entries]) => entries > 0);
  const stray = filled.find(([field]) => field !== layout.field);
  if (stray) return inspection.refuse(path, `has values in ${stray[0]}_data, where its element type has none`);
  if (rawBytes !== undefined && rawBytes > 0) {
    if (layout.field === 'string') return inspection.refuse(`${path}.raw_data`, 'texts belong in string_data');
    if (filled.length > 0) return inspection.refuse(path, 'has values both in raw_data and in a typed field');
    if (BigInt(rawBytes) !== bytes) {
      inspection.refuse(`${path}.raw_data`, `has ${rawBytes} bytes; the shape and element type need ${bytes}`);
    }
    return undefined;
  }
  const wanted = layout.bits > 0 && layout.bits < 8 ? bytes : count;
  if (BigInt(typed[layout.field]) !== wanted) {
    inspection.refuse(path, `has ${typed[layout.field]} values; its shape needs ${wanted}`);
  }
  return undefined;
}

/** External data may only be a file of the package, named by its canonical path, and must lie within that file. */
function inspectExternal(tensor: OnnxTensor, bytes: bigint, path: string, inspection: Inspection): void {
  const field = `${path}.external_data`;
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  if (!tensor.isExternal) return inspection.refuse(field, 'is given although data_location is not EXTERNAL');
  if (entries.size !== tensor.externalData.length) return inspection.refuse(field, 'has a key twice');
  const location = entries.get('location') ?? '';
  if (!isCanonicalPath(location)) {
    return inspection.refuse(field, `location ${quoted(location)} is not a plain relative path inside the package`);
  }
  const fileBytes = inspection.files.get(location);
  if (fileBytes === undefined) {
    return inspection.refuse(field, `location ${quoted(location)} is not a file of the package`);
  }
  const offset = entries.get('offset') ?? '0';
  const length = entries.get('length') ?? bytes.toString();
  if (!/^\d{1,18}$/.test(offset) || !/^\d{1,18}$/.test(length)) {
    return inspection.refuse(field, 'offset and length must be decimal numbers');
  }
  if (BigInt(length) !== bytes) inspection.refuse(field, `length ${length} is not the ${bytes} bytes of the shape`);
  if (BigInt(offset) + bytes > BigInt(fileBytes)) inspection.refuse(field, 'reaches past the end of the file');
  inspection.externalFiles.add(location);
  return undefined;
}

function isCanonicalPath(location: string): boolean {
  try {
    return artifactPath(location) === location;
  } catch {
    return false; // the reason is the same for all: it is not a path of ours
  }
}

/** Checks both parts, and that the dense form, which a runtime makes of it, stays within the size of a tensor. */
export function inspectSparseTensor(sparse: OnnxSparseTensor, path: string, inspection: Inspection): void {
  const { values, indices } = sparse;
  if (!values || !indices) return inspection.refuse(path, 'needs values and indices');
  inspectTensor(values, `${path}.values`, inspection);
  inspectTensor(indices, `${path}.indices`, inspection);
  if (indices.dataType !== INT64_ELEMENT) inspection.refuse(`${path}.indices.data_type`, 'must be INT64');
  const count = elementCount(sparse.dims, path, inspection);
  if (count === undefined) return undefined;
  const bits = ELEMENT_LAYOUT.get(values.dataType)?.bits ?? 0;
  const bytes = (count * BigInt(Math.max(bits, 8))) / 8n;
  if (bytes > BigInt(inspection.limits.tensorBytesMax)) {
    inspection.refuse(
      `${path}.dims`,
      `is ${bytes} bytes when dense; a tensor may have ${inspection.limits.tensorBytesMax}`,
    );
  }
  return undefined;
}
