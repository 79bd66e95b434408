import type { ModelInferRequest__Output } from '@slipway/contracts/inference';

type InferInput = ModelInferRequest__Output['inputs'][number];
type RequestedOutput = ModelInferRequest__Output['outputs'][number];

/** Wire types of protobuf. */
const VARINT = 0;
const DELIMITED = 2;

/** Stops the fast path: the message holds something that only the general codec reads. */
const BEYOND = -1;

/** Seven groups of seven bits stay exact in a double. */
const VARINT_BYTES_MAX = 7;

/**
 * Reads the fields that nearly every request is made of, from one buffer by position. Whatever else occurs (parameters, typed contents,
 * unknown fields, negative or huge numbers, a length past the end) makes it give up, and the general codec decides what that means.
 */
class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** @returns a whole number of 0 or more, or BEYOND. */
  varint(end: number): number {
    const bytes = this.#bytes;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX && this.at < end; count += 1) {
      const byte = bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return BEYOND;
  }

  /** @returns where a field of a length ends, or BEYOND. */
  delimitedEnd(end: number): number {
    const length = this.varint(end);
    return length === BEYOND || length > end - this.at ? BEYOND : this.at + length;
  }

  text(end: number): string {
    const text = this.#bytes.toString('utf8', this.at, end);
    this.at = end;
    return text;
  }

  bytes(end: number): Buffer {
    const view = this.#bytes.subarray(this.at, end);
    this.at = end;
    return view;
  }

  /** Appends packed numbers of 0 or more as decimal text. @returns false when there is another kind of number. */
  packed(end: number, into: string[]): boolean {
    while (this.at < end) {
      const value = this.varint(end);
      if (value === BEYOND) return false;
      into.push(`${value}`);
    }
    return true;
  }
}

/** @returns undefined when the general codec has to read it. */
export function readCommonRequest(bytes: Buffer): ModelInferRequest__Output | undefined {
  const reader = new Reader(bytes);
  const request: ModelInferRequest__Output = {
    inputs: [],
    outputs: [],
    raw_input_contents: [],
    parameters: {},
    model_name: '',
    model_version: '',
    id: '',
  };
  while (reader.at < bytes.length) {
    const tag = reader.varint(bytes.length);
    const end = (tag & 7) === DELIMITED ? reader.delimitedEnd(bytes.length) : BEYOND;
    if (end === BEYOND || !readField(reader, request, tag >>> 3, end)) return undefined;
  }
  return request;
}

function readField(reader: Reader, request: ModelInferRequest__Output, field: number, end: number): boolean {
  switch (field) {
    case 1:
      request.model_name = reader.text(end);
      return true;
    case 2:
      request.model_version = reader.text(end);
      return true;
    case 3:
      request.id = reader.text(end);
      return true;
    case 5: {
      const input = readInput(reader, end);
      if (input) request.inputs.push(input);
      return input !== undefined;
    }
    case 6: {
      const output = readRequestedOutput(reader, end);
      if (output) request.outputs.push(output);
      return output !== undefined;
    }
    case 7:
      request.raw_input_contents.push(reader.bytes(end));
      return true;
    default:
      return false;
  }
}

function readInput(reader: Reader, end: number): InferInput | undefined {
  const input: InferInput = { shape: [], parameters: {}, name: '', datatype: '', contents: null };
  while (reader.at < end) {
    const tag = reader.varint(end);
    if ((tag & 7) === VARINT && tag >>> 3 === 3) {
      const dimension = reader.varint(end); // unpacked, as old writers have it
      if (dimension === BEYOND) return undefined;
      input.shape.push(`${dimension}`);
      continue;
    }
    const fieldEnd = (tag & 7) === DELIMITED ? reader.delimitedEnd(end) : BEYOND;
    if (fieldEnd === BEYOND) return undefined;
    if (tag >>> 3 === 1) input.name = reader.text(fieldEnd);
    else if (tag >>> 3 === 2) input.datatype = reader.text(fieldEnd);
    else if (tag >>> 3 !== 3 || !reader.packed(fieldEnd, input.shape)) return undefined;
  }
  return input;
}

function readRequestedOutput(reader: Reader, end: number): RequestedOutput | undefined {
  const output: RequestedOutput = { parameters: {}, name: '' };
  while (reader.at < end) {
    const tag = reader.varint(end);
    const fieldEnd = tag === ((1 << 3) | DELIMITED) ? reader.delimitedEnd(end) : BEYOND;
    if (fieldEnd === BEYOND) return undefined;
    output.name = reader.text(fieldEnd);
  }
  return output;
}
