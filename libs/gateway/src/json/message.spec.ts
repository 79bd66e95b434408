import { messageType, protoRoot } from '@slipway/contracts';
import { InvalidArgumentError } from '@slipway/kernel';
import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { exampleMessage } from './example-message.ts';
import { readMessage } from './read-message.ts';
import { writeMessage } from './write-message.ts';

const CONVERSION = { longs: String, enums: String, defaults: true, oneofs: true } as const;

/** Every message of our own contracts that is the request or response of a method. */
function messagesOfMethods(): protobuf.Type[] {
  const services: protobuf.Service[] = [];
  const visit = (namespace: protobuf.NamespaceBase): void => {
    for (const nested of namespace.nestedArray) {
      if (nested instanceof protobuf.Service) services.push(nested);
      else if (nested instanceof protobuf.Namespace) visit(nested);
    }
  };
  visit(protoRoot.lookup('slipway') as protobuf.Namespace);
  const types = services.flatMap((service) =>
    service.methodsArray.flatMap((method) => {
      method.resolve();
      return [method.resolvedRequestType, method.resolvedResponseType].flatMap((type) => (type ? [type] : []));
    }),
  );
  return [...new Set(types)];
}

const int64 = (min: bigint, max: bigint): fc.Arbitrary<string> =>
  fc.oneof(fc.constantFrom(min, max, 0n, 2n ** 53n + 1n), fc.bigInt({ min, max })).map(String);
const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  int32: fc.integer(),
  uint32: fc.nat(),
  int64: int64(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: int64(0n, 2n ** 64n - 1n),
  double: fc.double(),
  float: fc.float(),
  bool: fc.boolean(),
  string: fc.string({ unit: 'grapheme' }),
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
};

function valueOf(field: protobuf.FieldBase, depth: number): fc.Arbitrary<unknown> {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return fc.constantFrom(...Object.keys(type.values));
  if (type instanceof protobuf.Type) {
    if (type.fullName !== '.google.protobuf.Timestamp') return messageOf(type, depth + 1);
    const seconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map(String);
    return fc.record({ seconds, nanos: fc.constantFrom(0, 1, 120_000_000, 123_456_000, 999_999_999) });
  }
  const made = SCALARS[field.type];
  if (!made) throw new Error(`no values for ${field.type}`);
  return made;
}

function messageOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const oneofs = new Map<string, protobuf.Field[]>();
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fieldsArray) {
    const { partOf } = field.resolve();
    if (partOf && !partOf.isProto3Optional) oneofs.set(partOf.name, [...(oneofs.get(partOf.name) ?? []), field]);
    else if (depth < 3 || !(field.resolvedType instanceof protobuf.Type)) model[field.name] = fieldOf(field, depth);
  }
  const members = [...oneofs.values()].map((fields) =>
    fc.oneof(...fields.map((field) => fieldOf(field, depth).map((value) => ({ [field.name]: value })))),
  );
  const plain = fc.record(model, { requiredKeys: [] });
  return fc
    .tuple(plain, ...members)
    .map(([first, ...rest]) => Object.assign({}, first, ...rest) as Record<string, unknown>);
}

function fieldOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const value = valueOf(field, depth);
  if (field instanceof protobuf.MapField) {
    const key = field.keyType === 'string' ? fc.string().filter((text) => text !== '__proto__') : fc.nat().map(String);
    return fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
  }
  return field.repeated ? fc.array(value, { maxLength: 3 }) : value;
}

/** As a receiver has it. */
const overWire = (type: protobuf.Type, message: object): Record<string, unknown> =>
  type.toObject(type.decode(type.encode(type.fromObject(message)).finish()), CONVERSION);

describe('for all messages of all our methods', () => {
  const types = messagesOfMethods();
  it.each(types.map((type) => [type.fullName.slice(1), type] as const))('%s comes back from its JSON', (name, type) => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const decoded = overWire(type, message);
        const read = readMessage(name, JSON.parse(JSON.stringify(writeMessage(name, decoded))));
        expect(overWire(type, read)).toEqual(decoded);
      }),
      { numRuns: 15 },
    );
  });

  it.each(types.map((type) => type.fullName.slice(1)))('the example of %s is read', (name) => {
    expect(types.length).toBeGreaterThan(100);
    expect(() => readMessage(name, exampleMessage(name))).not.toThrow();
  });
});

const LIST = 'slipway.registry.v1.ListRegisteredModelsRequest';
const METRIC = 'slipway.tracking.v1.Metric';
const BATCH = 'slipway.tracking.v1.LogBatchRequest';
const RUNS = 'slipway.tracking.v1.SearchRunsRequest';
const CREATE = 'slipway.registry.v1.CreateRegisteredModelRequest';
const UPLOAD = 'slipway.tracking.v1.UploadArtifactRequest';
const DEAD = 'slipway.common.v1.DeliveryDead';
const PREDICT = 'slipway.serving.v1.PredictRequest';
const deep = (levels: number): unknown => {
  let made: unknown = {};
  for (let level = 0; level < levels; level += 1) made = { order_by: made };
  return made;
};

describe('JSON is read', () => {
  it.each<[what: string, type: string, text: string, expected: object]>([
    ['by either name', LIST, '{"pageSize":3,"order_by":"name"}', { page_size: 3, order_by: 'name' }],
    ['with text for numbers', LIST, '{"page_size":"7"}', { page_size: 7 }],
    ['with null for what is not set', LIST, '{"page_size":null,"page_token":"x"}', { page_token: 'x' }],
    [
      'with exact integers',
      METRIC,
      '{"timestamp":"9223372036854775807","step":9007199254740991}',
      { timestamp: '9223372036854775807', step: '9007199254740991' },
    ],
    ['with names and numbers of enums', RUNS, '{"view_type":1}', { view_type: 'VIEW_TYPE_ACTIVE_ONLY' }],
    ['with infinities', METRIC, '{"value":"-Infinity"}', { value: Number.NEGATIVE_INFINITY }],
    ['with NaN', METRIC, '{"value":"NaN"}', { value: Number.NaN }],
    ['with a zero that has a sign', METRIC, '{"value":-0}', { value: -0 }],
    ['with standard base64', DEAD, '{"event":"+/8="}', { event: Buffer.from([0xfb, 0xff]) }],
    ['with URL-safe base64', DEAD, '{"event":"-_8"}', { event: Buffer.from([0xfb, 0xff]) }],
    [
      'with a time',
      PREDICT,
      '{"as_of":"2001-04-10T06:30:00.5+02:00"}',
      { as_of: { seconds: '986877000', nanos: 500_000_000 } },
    ],
    ['with a map', CREATE, '{"tags":{"a.b":"c","constructor":"d"}}', { tags: { 'a.b': 'c', constructor: 'd' } }],
  ])('%s', (_what, type, text, expected) => {
    expect(readMessage(type, JSON.parse(text))).toEqual(expected);
  });

  it.each<[what: string, type: string, text: string, field: string, problem: string]>([
    ['a list', LIST, '[]', 'request', 'must be an object'],
    ['null', LIST, 'null', 'request', 'must be an object'],
    ['text', LIST, '"{}"', 'request', 'must be an object'],
    ['an unknown field', LIST, '{"pagesize":1}', 'pagesize', 'is not a field of ListRegisteredModelsRequest'],
    ['a field of Object', LIST, '{"constructor":1}', 'constructor', 'is not a field'],
    ['a prototype', LIST, '{"__proto__":{"page_size":1}}', '__proto__', 'is not a field'],
    ['a field twice', LIST, '{"page_size":1,"pageSize":1}', 'pageSize', 'is the same field as page_size'],
    ['text for a number', LIST, '{"page_size":"many"}', 'page_size', 'whole number'],
    ['an exponent', LIST, '{"page_size":"1e2"}', 'page_size', 'whole number'],
    ['a leading zero', LIST, '{"page_size":"007"}', 'page_size', 'whole number'],
    ['blanks', LIST, '{"page_size":" 7"}', 'page_size', 'whole number'],
    ['a fraction', LIST, '{"page_size":1.5}', 'page_size', 'whole number'],
    ['more than 32 bits', LIST, '{"page_size":2147483648}', 'page_size', 'must be within'],
    ['a truth for a number', LIST, '{"page_size":true}', 'page_size', 'whole number'],
    ['an integer that JSON has rounded', METRIC, '{"step":9007199254740993}', 'step', 'as text when it is beyond 2^53'],
    ['more than 64 bits', METRIC, '{"step":"9223372036854775808"}', 'step', 'must be within'],
    ['a number out of range', METRIC, '{"value":1e999}', 'value', 'is too large'],
    ['a text of it', METRIC, '{"value":"1e999"}', 'value', 'is too large'],
    ['another word', METRIC, '{"value":"nan"}', 'value', 'must be a number'],
    ['hexadecimal', METRIC, '{"value":"0x10"}', 'value', 'must be a number'],
    ['a number for text', LIST, '{"order_by":1}', 'order_by', 'must be text, not 1'],
    ['half a character', LIST, '{"order_by":"\\ud800"}', 'order_by', 'half surrogate'],
    ['deep nesting', LIST, JSON.stringify(deep(2_000)), 'order_by', 'must be text'],
    ['an unknown enum name', RUNS, '{"view_type":"EVERYTHING"}', 'view_type', 'must be one of'],
    ['an inherited enum name', RUNS, '{"view_type":"toString"}', 'view_type', 'must be one of'],
    ['an unknown enum number', RUNS, '{"view_type":99}', 'view_type', 'must be one of'],
    ['a value for a list', RUNS, '{"experiment_ids":"1"}', 'experiment_ids', 'must be a list'],
    ['null in a list', RUNS, '{"experiment_ids":["1",null]}', 'experiment_ids[1]', 'must be text'],
    ['a number in a list', RUNS, '{"experiment_ids":["1",2]}', 'experiment_ids[1]', 'must be text'],
    ['a list for a map', CREATE, '{"tags":[]}', 'tags', 'must be an object of keys and values'],
    ['a number in a map', CREATE, '{"tags":{"a":1}}', 'tags.a', 'must be text'],
    ['a null in a map', CREATE, '{"tags":{"a":null}}', 'tags.a', 'must be text'],
    ['a prototype in a map', CREATE, '{"tags":{"__proto__":"x"}}', 'tags.__proto__', 'is not usable as a key'],
    ['a strange key', CREATE, '{"tags":{"a b":1}}', 'tags["a b"]', 'must be text'],
    ['no base64', DEAD, '{"event":"a?b="}', 'event', 'base64'],
    ['a cut base64', DEAD, '{"event":"AAAAA"}', 'event', 'base64'],
    ['mixed alphabets', DEAD, '{"event":"+_8="}', 'event', 'base64'],
    ['a day that is none', PREDICT, '{"as_of":"2001-02-30T00:00:00Z"}', 'as_of', 'must be a time'],
    ['a time without zone', PREDICT, '{"as_of":"2001-02-03T00:00:00"}', 'as_of', 'must be a time'],
    ['a time in parts', PREDICT, '{"as_of":{"seconds":1}}', 'as_of', 'must be a time'],
    [
      'something deep inside',
      BATCH,
      '{"metrics":[{"key":"a"},{"key":"b","value":{}}]}',
      'metrics[1].value',
      'must be a number',
    ],
  ])('not when it holds %s', (_what, type, text, field, problem) => {
    let thrown: unknown;
    try {
      readMessage(type, JSON.parse(text));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(InvalidArgumentError);
    const [violation] = (thrown as InvalidArgumentError).violations;
    expect(violation?.field).toBe(field);
    expect(violation?.description).toContain(problem);
  });

  it('not with two members of a oneof, and of 1000 mistakes 20 are told', () => {
    const type = messageType(UPLOAD);
    const [oneof] = type.oneofsArray.filter((each) => !each.isProto3Optional);
    const members = oneof?.oneof ?? [];
    expect(members.length).toBeGreaterThan(1);
    const example = exampleMessage(UPLOAD);
    const [first = '', second = ''] = members;
    const other = messageType(UPLOAD).fields[second]?.resolve().resolvedType ? {} : '';
    expect(() => readMessage(UPLOAD, { [first]: example[first], [second]: other })).toThrow(
      `only one of '${oneof?.name}' may be set`,
    );
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`field${index}`, index]));
    try {
      readMessage(LIST, many);
      expect.unreachable();
    } catch (error) {
      expect((error as InvalidArgumentError).violations).toHaveLength(20);
    }
  });

  it('and floats are written as short as they were meant', () => {
    const type = messageType('inference.InferTensorContents');
    const decoded = type.toObject(
      type.decode(type.encode({ fp32_contents: [0.1, 16777216, -1.5e-7] }).finish()),
      CONVERSION,
    );
    expect(writeMessage('inference.InferTensorContents', decoded)['fp32_contents']).toEqual([0.1, 16777216, -1.5e-7]);
  });
});
