import type { InferParameter__Output } from '@slipway/contracts/inference';
import { InvalidArgumentError } from '@slipway/kernel';
import { HttpRefusal } from '@slipway/platform';
import { DATATYPES, type Datatype, type Tensor } from '@slipway/plugin-kit';
import { assertParameters, assertScheduling } from '../rpc/request-parameters.ts';
import { readRawData, wrongDatatype } from '../rpc/tensor-codec.ts';
import { readShape } from '../rpc/tensor-shape.ts';
import { JsonText } from './exact-json.ts';
import { NEEDS_DIGITS, readJsonData, type DataPlace } from './json-tensor.ts';
import type { InferBody, InferBodyOptions } from './infer-request.ts';
import { readRawRequest } from './raw-request.ts';

type Json = Readonly<Record<string, unknown>>;

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'INFERENCE_REQUEST_INVALID' });

/**
 * Reads the body of an infer request: JSON, or JSON and behind it the tensors that it announces in binary form.
 * @param headerLength value of `Inference-Header-Content-Length`; without it all of the body is JSON, `0` means one bare tensor.
 * @throws {InvalidArgumentError} naming the field. @throws {HttpRefusal} 400 for what is no JSON, 413 for too much of it.
 */
export function readInferBody(body: Buffer, headerLength: string | undefined, options: InferBodyOptions): InferBody {
  const jsonBytes = readHeaderLength(headerLength, body.length);
  if (jsonBytes === 0) return readRawRequest(body, options);
  if (jsonBytes > options.jsonBytesMax) {
    const message = `the JSON of a request has at most ${options.jsonBytesMax} bytes; send tensors in binary form`;
    throw new HttpRefusal(413, 'RESOURCE_EXHAUSTED', message);
  }
  const text = new JsonText(body.subarray(0, jsonBytes));
  const binary = body.subarray(jsonBytes);
  try {
    return readRequest(text.parse(), binary, { ...options, hasDigits: false });
  } catch (error) {
    if (error !== NEEDS_DIGITS) throw error;
    return readRequest(text.parseExactly(), binary, { ...options, hasDigits: true });
  }
}

function readHeaderLength(header: string | undefined, bodyBytes: number): number {
  if (header === undefined) {
    if (bodyBytes === 0) throw refuse('body', 'is empty; send a JSON object with inputs');
    return bodyBytes;
  }
  const bytes = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (bytes <= bodyBytes) return bytes;
  const description = `must be a whole number of at most the ${bodyBytes} bytes of the body`;
  throw refuse('Inference-Header-Content-Length', description);
}

type ReadOptions = InferBodyOptions & Pick<DataPlace, 'hasDigits'>;

function readRequest(json: unknown, binary: Buffer, options: ReadOptions): InferBody {
  const request = asObject(json, 'request');
  const parameters = readParameters(request['parameters'], 'parameters');
  assertParameters(withoutBinary(parameters), 'parameters');
  assertScheduling(parameters);
  const id = request['id'] ?? '';
  if (typeof id !== 'string' || !id.isWellFormed()) throw refuse('id', 'must be a text');
  const inputs = new InputReader(binary, options).readAll(asList(request['inputs'], 'inputs'));
  const outputs = new Map(asList(request['outputs'] ?? [], 'outputs').map(readOutput));
  if (outputs.size !== asList(request['outputs'] ?? [], 'outputs').length) {
    throw InvalidArgumentError.of('outputs', 'an output is requested twice', { reason: 'INFERENCE_OUTPUT_INVALID' });
  }
  const isBinaryByDefault = readFlag(parameters['binary_data_output'], 'parameters.binary_data_output') ?? false;
  return {
    id,
    inputs,
    outputs: outputs.size === 0 ? undefined : [...outputs.keys()],
    isBinary: (name) => outputs.get(name) ?? isBinaryByDefault,
  };
}

function readOutput(json: unknown, index: number): readonly [name: string, isBinary: boolean | undefined] {
  const field = `outputs[${index}]`;
  const output = asObject(json, field);
  const parameters = readParameters(output['parameters'], `${field}.parameters`);
  assertParameters(withoutBinary(parameters), `${field}.parameters`);
  return [readName(output['name'], field), readFlag(parameters['binary_data'], `${field}.parameters.binary_data`)];
}

/** Reads the inputs in their order, and with each that says so its share of the bytes behind the JSON. */
class InputReader {
  readonly #binary: Buffer;
  readonly #options: ReadOptions;
  readonly #names = new Set<string>();
  #at = 0;
  #elements = 0;

  constructor(binary: Buffer, options: ReadOptions) {
    this.#binary = binary;
    this.#options = options;
  }

  readAll(list: readonly unknown[]): readonly Tensor[] {
    const tensors = list.map((json, index) => this.#read(asObject(json, `inputs[${index}]`), `inputs[${index}]`));
    if (this.#at !== this.#binary.length) {
      const counts = `the inputs announce ${this.#at} bytes of binary data and ${this.#binary.length} came`;
      throw refuse('inputs', `${counts}; binary_data_size of each input must say how many are its own`);
    }
    return tensors;
  }

  #read(input: Json, field: string): Tensor {
    const { model, elementsMax, hasDigits } = this.#options;
    const name = readName(input['name'], field);
    if (this.#names.has(name)) throw refuse(`${field}.name`, `input '${name}' already exists in request`);
    this.#names.add(name);
    const place = { model, input: name, field };
    const datatype = readDatatype(input['datatype'], place);
    const texts = asList(input['shape'], `${field}.shape`).map(dimensionText);
    const { shape, elements } = readShape(texts, `input '${name}' for model '${model}'`, field);
    this.#elements += elements;
    if (this.#elements > elementsMax) {
      const message = `a request holds at most ${elementsMax} elements; send the rows in several requests`;
      throw new HttpRefusal(413, 'RESOURCE_EXHAUSTED', message);
    }
    const parameters = readParameters(input['parameters'], `${field}.parameters`);
    assertParameters(withoutBinary(parameters), `${field}.parameters`);
    const raw = this.#take(parameters['binary_data_size'], field);
    if (raw && input['data'] !== undefined) throw refuse(`${field}.data`, 'must be left out with binary_data_size');
    const data = raw
      ? readRawData(datatype, raw, elements, place)
      : readListed(datatype, input['data'], shape, elements, { ...place, field: `${field}.data`, hasDigits });
    return { name, datatype, shape, data } as Tensor;
  }

  #take(size: InferParameter__Output | undefined, field: string): Buffer | undefined {
    if (!size) return undefined;
    const bytes = size.int64_param === undefined ? Number.NaN : Number(size.int64_param);
    const left = this.#binary.length - this.#at;
    if (!(bytes >= 0 && bytes <= left)) {
      const description = `must be a whole number of at most the ${left} bytes that are left behind the JSON`;
      throw refuse(`${field}.parameters.binary_data_size`, description);
    }
    this.#at += bytes;
    return this.#binary.subarray(this.#at - bytes, this.#at);
  }
}

interface Place {
  readonly model: string;
  readonly input: string;
  readonly field: string;
}

function readListed(datatype: Datatype, data: unknown, shape: readonly number[], elements: number, place: DataPlace) {
  const { input, model, field } = place;
  if (data === undefined) {
    throw refuse(field, `unable to find data for input tensor '${input}' for model '${model}' in request.`);
  }
  if (datatype === 'FP16') throw refuse(field, `FP16 cannot be sent as JSON; send input '${input}' in binary form`);
  return readJsonData(datatype, data, shape, elements, place);
}

const DATATYPE_NAMES: ReadonlySet<unknown> = new Set(DATATYPES);

function readDatatype(value: unknown, place: Place): Datatype {
  if (DATATYPE_NAMES.has(value)) return value as Datatype;
  throw wrongDatatype(typeof value === 'string' ? value.slice(0, 64).toWellFormed() : '', place);
}

function readName(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return value;
  throw refuse(`${field}.name`, 'must be a text that is not empty');
}

/** What `readShape` takes: it says what is wrong with a dimension that is none. */
const dimensionText = (dimension: unknown): string =>
  typeof dimension === 'bigint' || Number.isSafeInteger(dimension) ? String(dimension) : 'none';

function asObject(json: unknown, field: string): Json {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json;
  throw refuse(field, 'must be a JSON object');
}

/** Bounds what a request may make us walk over besides its elements. */
const LIST_MAX = 100_000;

function asList(json: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(json)) throw refuse(field, 'must be a list');
  if (json.length > LIST_MAX) throw refuse(field, `has more than ${LIST_MAX} entries`);
  return json;
}

type Parameters = Readonly<Record<string, InferParameter__Output>>;

/** In the form of the gRPC contract, whose rules they share. */
function readParameters(json: unknown, field: string): Parameters {
  if (json === undefined) return {};
  const entries = Object.entries(asObject(json, field)).map(([name, value]): [string, InferParameter__Output] => {
    if (typeof value === 'boolean') return [name, { parameter_choice: 'bool_param', bool_param: value }];
    if (typeof value === 'string') return [name, { parameter_choice: 'string_param', string_param: value }];
    if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
      return [name, { parameter_choice: 'int64_param', int64_param: String(value) }];
    }
    if (typeof value === 'number') return [name, { parameter_choice: 'double_param', double_param: value }];
    throw refuse(`${field}.${name.slice(0, 64).toWellFormed()}`, 'must be a number, a text, true or false');
  });
  return Object.fromEntries(entries);
}

const BINARY: ReadonlySet<string> = new Set(['binary_data', 'binary_data_size', 'binary_data_output']);

/** The parameters of the binary form have a meaning over REST alone. */
const withoutBinary = (parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !BINARY.has(name)));

function readFlag(parameter: InferParameter__Output | undefined, field: string): boolean | undefined {
  if (parameter && parameter.bool_param === undefined) throw refuse(field, 'must be true or false');
  return parameter?.bool_param;
}
