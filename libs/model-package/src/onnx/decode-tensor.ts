import type { MessageReader } from './message-reader.ts';
import type { OnnxSparseTensor, OnnxTensor } from './onnx-model.ts';

/** Reads a TensorProto but for its values, which are counted. */
export function readTensor(reader: MessageReader): OnnxTensor {
  const contents = { rawBytes: undefined, float: 0, int32: 0, string: 0, int64: 0, double: 0, uint64: 0 };
  const tensor: OnnxTensor = {
    name: '',
    dims: [],
    dataType: 0,
    contents,
    externalData: [],
    isExternal: false,
    hasSegment: false,
  };
  reader.message([2, 3, 8, 9, 14], (field) => readTensorField(reader, tensor, field));
  return tensor;
}

function readTensorField(reader: MessageReader, tensor: OnnxTensor, field: number): boolean {
  const { contents } = tensor;
  if (field === 1) reader.int64s(tensor.dims);
  else if (field === 2) tensor.dataType = reader.int32();
  else if (field === 4) contents.float += reader.countScalars('fixed32');
  else if (field === 5) contents.int32 += reader.countScalars('varint');
  else if (field === 6) {
    reader.bytesLength();
    contents.string += 1;
  } else if (field === 7) contents.int64 += reader.countScalars('varint');
  else if (field === 8) tensor.name = reader.string();
  else if (field === 9) contents.rawBytes = reader.bytesLength();
  else if (field === 10) contents.double += reader.countScalars('fixed64');
  else if (field === 11) contents.uint64 += reader.countScalars('varint');
  else if (field === 13) {
    reader.nested('external_data', tensor.externalData.length, () => tensor.externalData.push(readEntry(reader)));
  } else if (field === 14) tensor.isExternal = reader.int32() !== 0;
  else {
    if (field === 3) tensor.hasSegment = true;
    return false;
  }
  return true;
}

function readEntry(reader: MessageReader): { key: string; value: string } {
  const entry = { key: '', value: '' };
  reader.message([1, 2], (field) => {
    if (field === 1) entry.key = reader.string();
    else if (field === 2) entry.value = reader.string();
    else return false;
    return true;
  });
  return entry;
}

/** Reads a SparseTensorProto. */
export function readSparseTensor(reader: MessageReader): OnnxSparseTensor {
  const sparse: OnnxSparseTensor = { values: undefined, indices: undefined, dims: [] };
  reader.message([1, 2], (field) => {
    if (field === 1) reader.nested('values', -1, () => (sparse.values = readTensor(reader)));
    else if (field === 2) reader.nested('indices', -1, () => (sparse.indices = readTensor(reader)));
    else if (field === 3) reader.int64s(sparse.dims);
    else return false;
    return true;
  });
  return sparse;
}
