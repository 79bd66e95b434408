import type { MessageReader } from './message-reader.ts';
import type { OnnxDimension, OnnxValueInfo } from './onnx-model.ts';

const KIND_BY_FIELD: Readonly<Record<number, OnnxValueInfo['kind']>> = {
  1: 'tensor', 4: 'sequence', 5: 'map', 7: 'opaque', 8: 'sparse tensor', 9: 'optional',
}; // prettier-ignore

/** Reads the name and type of a graph input or output; the inside of a type that is not a tensor is skipped, so nothing recurses. */
export function readValueInfo(reader: MessageReader): OnnxValueInfo {
  const info: OnnxValueInfo = { name: '', kind: 'none', elementType: 0, dimensions: undefined };
  reader.message([1, 2], (field) => {
    if (field === 1) info.name = reader.string();
    else if (field === 2) reader.nested('type', -1, () => readType(reader, info));
    else return false;
    return true;
  });
  return info;
}

function readType(reader: MessageReader, info: OnnxValueInfo): void {
  reader.message([], (field) => {
    const kind = KIND_BY_FIELD[field];
    if (kind === undefined) return false;
    if (info.kind !== 'none') reader.fail('has two types for one value');
    info.kind = kind;
    if (kind !== 'tensor') return false;
    reader.nested('tensor_type', -1, () => readTensorType(reader, info));
    return true;
  });
}

function readTensorType(reader: MessageReader, info: OnnxValueInfo): void {
  reader.message([1, 2], (field) => {
    if (field === 1) info.elementType = reader.int32();
    else if (field === 2) {
      reader.nested('shape', -1, () => {
        const dimensions: OnnxDimension[] = [];
        info.dimensions = dimensions;
        reader.message([], (inner) => {
          if (inner !== 1) return false;
          reader.nested('dim', dimensions.length, () => dimensions.push(readDimension(reader)));
          return true;
        });
      });
    } else return false;
    return true;
  });
}

function readDimension(reader: MessageReader): OnnxDimension {
  const dimension: OnnxDimension = { value: undefined, name: undefined };
  reader.message([1, 2], (field) => {
    if (field === 1) dimension.value = reader.int64();
    else if (field === 2) dimension.name = reader.string();
    else return false;
    if (dimension.value !== undefined && dimension.name !== undefined) reader.fail('has a size and a name');
    return true;
  });
  return dimension;
}
