import type {
  InferTensorContents__Output,
  ModelInferRequest__Output,
  ModelInferResponse,
} from '@slipway/contracts/inference';
import { ExhaustedError, InvalidArgumentError } from '@slipway/kernel';
import { DATATYPES, type Datatype, type Tensor } from '@slipway/plugin-kit';
import { elementBytes, fixedElements, rawElements, readText, splitBytesElements } from './raw-elements.ts';
import { readShape } from './tensor-shape.ts';
import { contentsField, firstOutOfRange, strayFields, typedCount, typedElements } from './typed-elements.ts';

type InferInput = ModelInferRequest__Output['inputs'][number];

const DATATYPE_NAMES: ReadonlySet<string> = new Set(DATATYPES);

/** Where a tensor stands in its request, for the words of an error. */
interface Place {
  readonly model: string;
  readonly input: string;
  /** e.g. `inputs[0]`. */
  readonly field: string;
}

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'INFERENCE_INPUT_INVALID' });

/**
 * Tensors of a request, in its order, checked for what the protocol says; whether they fit the model is the scorer's to check. Fixed-size raw
 * data is viewed in place where it lies aligned: the request must not be changed while it is answered.
 * @param elementsMax elements of all inputs together.
 * @throws {InvalidArgumentError} naming the input, in the words of Triton where it has some. @throws {ExhaustedError} above `elementsMax`.
 */
export function decodeInputs(request: ModelInferRequest__Output, elementsMax: number): readonly Tensor[] {
  const { model_name: model, inputs, raw_input_contents: raws } = request;
  if (raws.length > 0 && raws.length !== inputs.length) {
    const counts = `expected ${inputs.length}, got ${raws.length}`;
    const description = `must hold one entry for each input of the request for model '${model}': ${counts}`;
    throw refuse('raw_input_contents', description);
  }
  assertDistinct(inputs);
  let elements = 0;
  return inputs.map((input, index) => {
    const place = { model, input: input.name, field: `inputs[${index}]` };
    const { shape, elements: count } = readShape(
      input.shape,
      `input '${input.name}' for model '${model}'`,
      place.field,
    );
    elements += count;
    if (elements > elementsMax) {
      throw new ExhaustedError(`a request holds at most ${elementsMax} elements; send the rows in several requests`, {
        reason: 'INFERENCE_TOO_LARGE',
        facts: { elementsMax: `${elementsMax}` },
      });
    }
    const datatype = readDatatype(input.datatype, place);
    const raw = raws.length > 0 ? raws[index] : undefined;
    if (raw && input.contents) throw refuse(`${place.field}.contents`, mixed(place));
    const data = raw ? readRawData(datatype, raw, count, place) : readTyped(datatype, input.contents, count, place);
    return { name: input.name, datatype, shape, data } as Tensor;
  });
}

function assertDistinct(inputs: readonly InferInput[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of inputs.entries()) {
    if (names.has(name)) throw refuse(`inputs[${index}].name`, `input '${name}' already exists in request`);
    names.add(name);
  }
}

function readDatatype(text: string, place: Place): Datatype {
  if (DATATYPE_NAMES.has(text)) return text as Datatype;
  throw wrongDatatype(text, place);
}

export function wrongDatatype(text: string, { field, input, model }: Place): InvalidArgumentError {
  const description = `unknown datatype '${text}' of input '${input}' for model '${model}'; known are ${DATATYPES.join(', ')}`;
  return refuse(`${field}.datatype`, description);
}

const mixed = ({ input, model }: Place): string =>
  `contents field must not be specified when using raw_input_contents for '${input}' for model '${model}'`;

/**
 * Storage of raw elements, viewed in place where they lie aligned.
 * @param count elements that the shape says. @throws {InvalidArgumentError} when the bytes are not that many elements.
 */
export function readRawData(datatype: Datatype, raw: Uint8Array, count: number, place: Place): Tensor['data'] {
  if (datatype === 'BYTES') return readBytes(raw, count, place);
  const expected = count * elementBytes(datatype);
  if (raw.length !== expected) {
    const { input, model, field } = place;
    const sizes = `Expected ${expected}, got ${raw.length}`;
    throw refuse(`${field}.data`, `input byte size mismatch for input '${input}' for model '${model}'. ${sizes}`);
  }
  if (datatype === 'BOOL') assertBooleans(raw, place);
  return fixedElements(datatype, raw);
}

function assertBooleans(raw: Uint8Array, { field, input, model }: Place): void {
  const wrong = raw.findIndex((byte) => byte > 1);
  if (wrong < 0) return;
  const description = `BOOL element ${wrong} of input '${input}' for model '${model}' is ${raw[wrong]}; it must be 0 or 1`;
  throw refuse(`${field}.data`, description);
}

function readBytes(raw: Uint8Array, count: number, place: Place): readonly string[] {
  const { field, input, model } = place;
  const elements = splitBytesElements(raw, count);
  if (!elements) {
    const description = `incomplete string data for inference input '${input}' for model '${model}': a length runs past the end`;
    throw refuse(`${field}.data`, description);
  }
  if (elements.length !== count) {
    const got = elements.length > count ? `more than ${count}` : `${elements.length}`;
    const description = `unexpected number of string elements ${got} for inference input '${input}', expecting ${count}`;
    throw refuse(`${field}.data`, description);
  }
  const texts = elements.map(readText);
  if (!texts.every((text) => text !== undefined)) throw refuse(`${field}.data`, notText(place, texts));
  return texts;
}

const notText = ({ input, model }: Place, texts: readonly (string | undefined)[]): string =>
  `BYTES element ${texts.indexOf(undefined)} of input '${input}' for model '${model}' is not UTF-8 text`;

function readTyped(
  datatype: Datatype,
  contents: InferTensorContents__Output | null,
  count: number,
  place: Place,
): Tensor['data'] {
  const { field, input, model } = place;
  if (!contents) {
    const description = `unable to find data for input tensor '${input}' for model '${model}' in request.`;
    throw refuse(`${field}.contents`, description);
  }
  const expectedField = contentsField(datatype);
  const stray = strayFields(datatype, contents)[0];
  if (stray || !expectedField || datatype === 'FP16') {
    const expected = expectedField ? `it goes to ${expectedField}` : 'it has no typed field, send raw_input_contents';
    const subject = `unexpected explicit tensor data for input tensor '${input}' for model '${model}'`;
    throw refuse(
      `${field}.contents.${stray ?? ''}`.replace(/\.$/, ''),
      `${subject} of type '${datatype}'; ${expected}`,
    );
  }
  const got = typedCount(datatype, contents);
  if (got !== count) {
    const description = `unexpected number of elements ${got} for inference input '${input}' for model '${model}', expecting ${count}`;
    throw refuse(`${field}.contents.${expectedField}`, description);
  }
  const wrong = firstOutOfRange(datatype, contents);
  if (wrong >= 0) {
    const description = `element ${wrong} of input '${input}' for model '${model}' is out of the range of ${datatype}`;
    throw refuse(`${field}.contents.${expectedField}`, description);
  }
  const data = typedElements(datatype, contents);
  if (!data) throw refuse(`${field}.contents.bytes_contents`, notText(place, contents.bytes_contents.map(readText)));
  return data;
}

/** Names of the requested outputs; undefined means all. @throws {InvalidArgumentError} on a repeated one. */
export function readRequestedOutputs({
  outputs,
}: Pick<ModelInferRequest__Output, 'outputs'>): readonly string[] | undefined {
  const names = new Set<string>();
  for (const [index, { name }] of outputs.entries()) {
    if (names.has(name)) {
      throw InvalidArgumentError.of(`outputs[${index}].name`, `output '${name}' is requested twice`, {
        reason: 'INFERENCE_OUTPUT_INVALID',
      });
    }
    names.add(name);
  }
  return names.size === 0 ? undefined : [...names];
}

/** Answers always carry raw contents: the Triton clients read nothing else. */
export function encodeOutputs(
  tensors: readonly Tensor[],
): Required<Pick<ModelInferResponse, 'outputs' | 'raw_output_contents'>> {
  return {
    outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    raw_output_contents: tensors.map(rawElements),
  };
}
