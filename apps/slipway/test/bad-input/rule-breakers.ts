import protobuf from 'protobufjs';

type Message = Record<string, unknown>;

/** One request that breaks one rule of its contract. */
export interface BrokenRequest {
  readonly name: string;
  readonly request: Message;
  /** Where BadRequest has to say that the fault is. */
  readonly field: string;
}

const RULE = '(slipway.common.v1.rules).';
const MAP_KEY_BYTES_MAX = 256; // the contract: keys of tags have 1 to 256 bytes
const TEXT_BYTES_MAX = 1_024; // options.proto: strings without max_bytes
const ITEMS_MAX = 1_000; // options.proto: lists without max_items
/** Longer lists than this would be refused for their bytes before anybody counts them. */
const ITEMS_TRIED_MAX = 100_000;
const DEPTH_MAX = 4;

/** What no kind of name may be. */
const NO_NAMES: readonly string[] = [
  ' ',
  '.',
  '..',
  '.hidden',
  '-a',
  '_a',
  'a/b',
  '../../etc/passwd',
  'a\\b',
  '..\\..\\windows',
  'a\0b',
  'a\n',
  'a\r\nb: c',
  '😀',
  'a%2e%2e%2f',
  'a:b',
  'a@b',
  "a' OR '1'='1",
  'a"; drop table x; --',
  '<b>',
  '\u202Eabc',
  '\uFEFFabc',
  '${x}',
  'a*',
  'a?',
  '~',
  'a\ttab',
  '\uFFFD',
  ' a',
  'a ',
];

/** Texts that are not of a form; each of them is a value somebody has tried on some server. */
const BAD_FORMS: Readonly<Record<string, readonly string[]>> = {
  TEXT_FORMAT_NAME: [...NO_NAMES, 'a b', 'é', '日本', 'a'.repeat(129)],
  TEXT_FORMAT_MODEL_NAME: [...NO_NAMES, 'a'.repeat(201)],
  TEXT_FORMAT_FILE_PATH: [
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a/../../b',
    './a',
    'a//b',
    'a/',
    'C:\\x',
    'C:/x',
    'a\\..\\b',
    'a\0.onnx',
    'a/./b',
    'file:///etc/passwd',
    'http://x/y',
    'x'.repeat(1_025),
    'a\nb',
    '%2e%2e/x',
    'a%2fb',
  ],
  TEXT_FORMAT_WORKSPACE: [
    ' ',
    '.',
    '..',
    '-a',
    'a-',
    '_a',
    'a_b',
    'a.b',
    'a b',
    'A',
    'aB',
    'a/b',
    '../x',
    'a\0b',
    'a\n',
    'a*',
    'a>',
    '*',
    '>',
    'é',
    'xn--é',
    '😀',
    '${x}',
    "a' OR '1'='1",
    'a'.repeat(64),
    '\u202Eabc',
    ' a',
    'a ',
  ],
  TEXT_FORMAT_SHA256: [
    'A'.repeat(64),
    'a'.repeat(63),
    'a'.repeat(65),
    'g'.repeat(64),
    `0x${'a'.repeat(62)}`,
    `${'a'.repeat(63)}\n`,
    '../x',
  ],
  TEXT_FORMAT_REQUEST_ID: ['a b', 'x'.repeat(129), 'é', 'a\n', 'a\0', '\u007f', '\t'],
  TEXT_FORMAT_ARTIFACT_PATH: [
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a/../../b',
    './a',
    'a//b',
    'a/',
    '.git/config',
    'a/.b',
    'C:\\x',
    'a\\..\\b',
    'a\0.onnx',
    'é.onnx',
    'a/./b',
    'file:///etc/passwd',
    'http://x/y',
    'x'.repeat(1_025),
    'a\nb',
    '%2e%2e/x',
  ],
};
const GOOD_FORMS: Readonly<Record<string, string>> = {
  TEXT_FORMAT_NAME: 'flights',
  TEXT_FORMAT_MODEL_NAME: 'flights',
  TEXT_FORMAT_FILE_PATH: 'model.onnx',
  TEXT_FORMAT_WORKSPACE: 'flights',
  TEXT_FORMAT_SHA256: 'a'.repeat(64),
  TEXT_FORMAT_REQUEST_ID: 'request-1',
  TEXT_FORMAT_ARTIFACT_PATH: 'model.onnx',
};

const INTEGER_LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

const optionOf = (field: protobuf.Field, name: string): unknown => field.options?.[RULE + name];
const numberOf = (field: protobuf.Field, name: string): bigint | undefined => {
  const value = optionOf(field, name);
  return value === undefined ? undefined : BigInt(value as number | string);
};

/** A value of one element that obeys every rule of its field. */
function goodElement(field: protobuf.Field, depth: number): unknown {
  if (field.resolvedType instanceof protobuf.Type) return goodMessage(field.resolvedType, depth + 1);
  if (field.resolvedType instanceof protobuf.Enum) return 1;
  const form = optionOf(field, 'format');
  if (field.type === 'string') return typeof form === 'string' ? GOOD_FORMS[form] : 'x';
  if (field.type === 'bytes') return Buffer.from('x');
  if (field.type === 'bool') return true;
  return field.type in INTEGER_LIMITS ? String(numberOf(field, 'min') || 1n) : 1;
}

const goodValue = (field: protobuf.Field, depth: number): unknown => {
  const element = goodElement(field, depth);
  if (field.map) return { key: element };
  return field.repeated ? [element] : element;
};

/** The smallest message that obeys its rules; of a union the first member when it is the only content. */
export function goodMessage(type: protobuf.Type, depth = 0): Message {
  const required = type.fieldsArray.filter((field) => optionOf(field.resolve(), 'required') === true);
  const union = required.length === 0 && depth === 0 ? type.oneofsArray[0]?.fieldsArray[0] : undefined;
  return Object.fromEntries((union ? [union] : required).map((field) => [field.name, goodValue(field, depth)]));
}

function withField(message: Message, field: protobuf.Field, value: unknown): Message {
  const rivals = field.partOf?.fieldsArray.map(({ name }) => name) ?? [];
  const kept = Object.entries(message).filter(([name]) => !rivals.includes(name));
  return { ...Object.fromEntries(kept), [field.name]: value };
}

type Wrap = (message: Message) => Message;
interface Place {
  readonly field: protobuf.Field;
  /** Builds the whole request around a value of the field. */
  readonly build: (value: unknown) => Message;
  readonly path: string;
  readonly depth: number;
}

const shown = (value: unknown): string => JSON.stringify(String(value)).slice(0, 24);

function* brokenText({ field }: Place): Generator<readonly [string, unknown]> {
  const form = optionOf(field, 'format');
  for (const text of typeof form === 'string' ? (BAD_FORMS[form] ?? []) : []) yield [`form ${shown(text)}`, text];
  if (form !== undefined) return;
  const limit = Number(numberOf(field, 'max_bytes') ?? TEXT_BYTES_MAX);
  yield ['one byte too long', 'x'.repeat(limit + 1)];
  yield ['too long in bytes, not in characters', 'é'.repeat(limit / 2 + 1)];
  yield ['far too long', 'y'.repeat(limit * 4)];
  yield ['NUL', 'a\0b'];
}

function* brokenNumber({ field }: Place): Generator<readonly [string, unknown]> {
  const limits = INTEGER_LIMITS[field.type];
  if (limits) {
    const [min, max] = [numberOf(field, 'min'), numberOf(field, 'max')];
    const candidates = [limits[0], limits[0] + 1n, -(2n ** 53n) - 1n, -(2n ** 31n), -1_000n, -1n, 0n].concat([
      (min ?? 0n) - 1n,
      (max ?? 0n) + 1n,
      1_000_000n,
      2n ** 31n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      limits[1] - 1n,
      limits[1],
    ]);
    const wrong = candidates.filter((value) => {
      const fits = value >= limits[0] && value <= limits[1];
      return fits && ((min !== undefined && value < min) || (max !== undefined && value > max));
    });
    for (const value of new Set(wrong)) yield [`number ${value}`, String(value)];
  }
  if (optionOf(field, 'finite') === true) {
    for (const value of [Number.NaN, Infinity, -Infinity]) yield [String(value), value];
  }
}

/** Values of one element that break its rule. */
function* brokenElements(place: Place): Generator<readonly [string, unknown]> {
  const { field } = place;
  if (field.resolvedType instanceof protobuf.Enum) {
    for (const number of [999, -1, 2 ** 31 - 1]) yield [`enum number ${number}`, number];
  } else if (field.type === 'string') yield* brokenText(place);
  else if (field.type === 'bytes') {
    const limit = numberOf(field, 'max_bytes');
    if (limit !== undefined) yield ['one byte too long', Buffer.alloc(Number(limit) + 1)];
  } else yield* brokenNumber(place);
}

function* breakSingle(place: Place): Generator<BrokenRequest> {
  const { field, build, path, depth } = place;
  const { resolvedType } = field;
  if (optionOf(field, 'required') === true) {
    const isText = field.type === 'string' || field.type === 'bytes';
    yield { name: `${path}: unset`, request: build(isText ? '' : resolvedType ? undefined : 0), field: path };
  }
  for (const [name, value] of brokenElements(place))
    yield { name: `${path}: ${name}`, request: build(value), field: path };
  if (resolvedType instanceof protobuf.Type && depth < DEPTH_MAX)
    yield* breakFields(resolvedType, build, path, depth + 1);
}

function* breakList(place: Place): Generator<BrokenRequest> {
  const { field, build, path, depth } = place;
  const good = goodElement(field, depth);
  if (optionOf(field, 'required') === true) yield { name: `${path}: empty`, request: build([]), field: path };
  const limit = Number(numberOf(field, 'max_items') ?? ITEMS_MAX);
  if (limit < ITEMS_TRIED_MAX)
    yield { name: `${path}: ${limit + 1} elements`, request: build(Array<unknown>(limit + 1).fill(good)), field: path };
  for (const [name, value] of brokenElements(place))
    yield { name: `${path}[1]: ${name}`, request: build([good, value]), field: `${path}[1]` };
  if (field.resolvedType instanceof protobuf.Type && depth < DEPTH_MAX)
    yield* breakFields(field.resolvedType, (element) => build([good, element]), `${path}[1]`, depth + 1);
}

const keyPath = (key: string): string => `[${JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)}]`;

function* breakMap(place: Place): Generator<BrokenRequest> {
  const { field, build, path, depth } = place;
  const good = goodElement(field, depth);
  if (optionOf(field, 'required') === true) yield { name: `${path}: empty`, request: build({}), field: path };
  const limit = Number(numberOf(field, 'max_items') ?? ITEMS_MAX);
  for (const count of [limit + 1, limit * 20]) {
    const entries = Array.from({ length: count }, (_, index) => [`key-${index}`, good]);
    yield { name: `${path}: ${count} entries`, request: build(Object.fromEntries(entries)), field: path };
  }
  for (const key of ['k'.repeat(MAP_KEY_BYTES_MAX + 1), 'é'.repeat(MAP_KEY_BYTES_MAX / 2 + 1), 'a\0b', '__proto__'])
    yield {
      name: `${path}: key ${shown(key)}`,
      request: build(Object.fromEntries([[key, good]])),
      field: path + keyPath(key),
    };
  for (const [name, value] of brokenElements(place))
    yield { name: `${path}["k"]: ${name}`, request: build({ k: value }), field: `${path}["k"]` };
  if (field.resolvedType instanceof protobuf.Type && depth < DEPTH_MAX)
    yield* breakFields(field.resolvedType, (value) => build({ k: value }), `${path}["k"]`, depth + 1);
}

function* breakFields(type: protobuf.Type, wrap: Wrap, path: string, depth: number): Generator<BrokenRequest> {
  for (const each of type.fieldsArray) {
    const field = each.resolve();
    const place: Place = {
      field,
      path: path === '' ? field.name : `${path}.${field.name}`,
      depth,
      build: (value) => wrap(withField(goodMessage(type, depth), field, value)),
    };
    if (field.map) yield* breakMap(place);
    else if (field.repeated) yield* breakList(place);
    else yield* breakSingle(place);
  }
}

/** For each field of a request type, the ways to break its rule and no other. */
export function brokenRequests(type: protobuf.Type): BrokenRequest[] {
  return [...breakFields(type, (message) => message, '', 0)];
}
