import type { ModelInferResponse } from '@slipway/contracts/inference';

type InferOutput = NonNullable<ModelInferResponse['outputs']>[number];

/** Tags of delimited fields: number, then wire type 2. */
const [FIELD_1, FIELD_2, FIELD_3, FIELD_5, FIELD_6] = [0x0a, 0x12, 0x1a, 0x2a, 0x32];
const RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'model_name',
  'model_version',
  'id',
  'outputs',
  'raw_output_contents',
]);
const OUTPUT_FIELDS: ReadonlySet<string> = new Set(['name', 'datatype', 'shape']);

const hasOnly = (message: object, fields: ReadonlySet<string>): boolean => {
  for (const name in message) if (!fields.has(name)) return false;
  return true;
};

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}

/** Bytes of a delimited field with a tag of one byte; 0 when it is empty, for then it is left out. */
const fieldBytes = (length: number): number => (length === 0 ? 0 : 1 + varintBytes(length) + length);

interface MeasuredOutput {
  readonly output: InferOutput;
  readonly nameBytes: number;
  readonly datatypeBytes: number;
  readonly shapeBytes: number;
  readonly bytes: number;
}

/** @returns undefined for an output with fields or dimensions beyond what our server answers with. */
function measureOutput(output: InferOutput): MeasuredOutput | undefined {
  if (!hasOnly(output, OUTPUT_FIELDS)) return undefined;
  let shapeBytes = 0;
  for (const dimension of output.shape ?? []) {
    if (typeof dimension !== 'number' || !Number.isSafeInteger(dimension) || dimension < 0) return undefined;
    shapeBytes += varintBytes(dimension);
  }
  const nameBytes = Buffer.byteLength(output.name ?? '');
  const datatypeBytes = Buffer.byteLength(output.datatype ?? '');
  const bytes = fieldBytes(nameBytes) + fieldBytes(datatypeBytes) + fieldBytes(shapeBytes);
  return { output, nameBytes, datatypeBytes, shapeBytes, bytes };
}

/** Writes into one buffer whose size was worked out before. */
class Writer {
  readonly buffer: Buffer;
  #at = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafe(bytes);
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.buffer[this.#at++] = (rest % 128) | 0x80;
    this.buffer[this.#at++] = rest;
  }

  head(tag: number, length: number): void {
    this.buffer[this.#at++] = tag;
    this.varint(length);
  }

  text(tag: number, text: string | undefined, length: number): void {
    if (text === undefined || length === 0) return;
    this.head(tag, length);
    this.#at += this.buffer.write(text, this.#at, length, 'utf8');
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.head(tag, bytes.length);
    this.buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/** A response in the form that our server makes: raw contents, no parameters. @returns undefined when the general codec has to write it. */
export function writeCommonResponse(response: ModelInferResponse): Buffer | undefined {
  if (!hasOnly(response, RESPONSE_FIELDS)) return undefined;
  const { model_name, model_version, id } = response;
  const [nameBytes, versionBytes, idBytes] = [model_name, model_version, id].map((text) =>
    Buffer.byteLength(text ?? ''),
  ) as [number, number, number];
  let total = fieldBytes(nameBytes) + fieldBytes(versionBytes) + fieldBytes(idBytes);
  const outputs: MeasuredOutput[] = [];
  for (const output of response.outputs ?? []) {
    const measured = measureOutput(output);
    if (!measured) return undefined;
    outputs.push(measured);
    total += 1 + varintBytes(measured.bytes) + measured.bytes;
  }
  for (const raw of response.raw_output_contents ?? []) {
    if (typeof raw === 'string') return undefined;
    total += 1 + varintBytes(raw.length) + raw.length;
  }
  const writer = new Writer(total);
  writer.text(FIELD_1, model_name, nameBytes);
  writer.text(FIELD_2, model_version, versionBytes);
  writer.text(FIELD_3, id, idBytes);
  for (const output of outputs) writeOutput(writer, output);
  for (const raw of response.raw_output_contents ?? []) writer.bytes(FIELD_6, raw as Uint8Array);
  return writer.buffer;
}

function writeOutput(writer: Writer, { output, nameBytes, datatypeBytes, shapeBytes, bytes }: MeasuredOutput): void {
  writer.head(FIELD_5, bytes);
  writer.text(FIELD_1, output.name, nameBytes);
  writer.text(FIELD_2, output.datatype, datatypeBytes);
  if (shapeBytes === 0) return;
  writer.head(FIELD_3, shapeBytes);
  for (const dimension of output.shape ?? []) writer.varint(dimension as number);
}
