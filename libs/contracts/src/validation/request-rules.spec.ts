import * as fc from 'fast-check';
import { performance } from 'node:perf_hooks';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '@slipway/kernel';
import { messageType, protoRoot } from '../schema.ts';
import { readFieldRules } from './field-rules.ts';
import { requestRules } from './request-rules.ts';

const CONVERSION = { longs: String, enums: String, defaults: true, oneofs: true };

const { root } = protobuf.parse(
  `syntax = "proto3"; package test;
  enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; }
  message Inner { string name = 1 [(slipway.common.v1.rules) = {required: true, format: TEXT_FORMAT_NAME}]; }
  message Counted { int64 count = 1 [(slipway.common.v1.rules).required = true]; }
  message Request {
    string text = 1;
    string short = 2 [(slipway.common.v1.rules).max_bytes = 4];
    bytes data = 3 [(slipway.common.v1.rules).max_bytes = 2];
    Color color = 4 [(slipway.common.v1.rules).required = true];
    int64 wide = 5 [(slipway.common.v1.rules) = {min: -5, max: 1099511627776}];
    int32 page = 6 [(slipway.common.v1.rules) = {min: 0, max: 10}];
    double share = 7 [(slipway.common.v1.rules).finite = true];
    repeated Inner inners = 8 [(slipway.common.v1.rules) = {max_items: 2}];
    repeated string texts = 9 [(slipway.common.v1.rules) = {max_items: 3, max_bytes: 3}];
    repeated double values = 10 [(slipway.common.v1.rules) = {max_items: 10000000}];
    repeated int64 shape = 11 [(slipway.common.v1.rules) = {min: 0}];
    map<string, string> tags = 12 [(slipway.common.v1.rules) = {max_items: 2, max_bytes: 4}];
    Inner inner = 13 [(slipway.common.v1.rules).required = true];
    oneof target { int64 version = 14 [(slipway.common.v1.rules).min = 1]; string alias = 15 [(slipway.common.v1.rules).format = TEXT_FORMAT_NAME]; }
    optional string note = 16 [(slipway.common.v1.rules).max_bytes = 4];
    repeated Color colors = 17;
    string sha = 18 [(slipway.common.v1.rules).format = TEXT_FORMAT_SHA256];
    repeated Counted counted = 20;
    string path = 19 [(slipway.common.v1.rules).format = TEXT_FORMAT_ARTIFACT_PATH];
  }`,
  { keepCase: true },
);
root.resolveAll();
const type = root.lookupType('test.Request');
const rules = requestRules(type);

function violationsOf(fields: object): readonly string[] {
  const request = type.toObject(
    type.decode(type.encode(type.fromObject({ color: 'COLOR_RED', inner: { name: 'x' }, ...fields })).finish()),
    CONVERSION,
  );
  try {
    rules(request);
    return [];
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.violations.map(({ field }) => field);
    throw error;
  }
}

describe('requestRules', () => {
  it.each<[object]>([
    [{}],
    [{ text: 'x'.repeat(1024), short: '😀', data: Buffer.alloc(2), wide: '1099511627776', page: 10, share: 0.5 }],
    [{ texts: ['a', 'äa', ''], tags: { a: 'b', ['k'.repeat(256)]: '' }, shape: ['0', '9223372036854775807'] }],
    [{ version: '1' }],
    [{ alias: 'champion' }],
    [{ note: '' }],
    [{ path: 'a/b c/_d.txt', sha: 'a'.repeat(64) }],
    [{ inners: [{ name: 'a' }, { name: 'b' }] }],
    [{ inner: { name: '0' }, counted: [{ count: '1' }] }],
  ])('accepts %j', (fields) => {
    expect(violationsOf(fields)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ text: 'x'.repeat(1025) }, 'text'],
    [{ inner: { name: '' } }, 'inner.name'],
    [{ counted: [{ count: '0' }] }, 'counted[0].count'],
    [{ text: 'ä'.repeat(513) }, 'text'],
    [{ text: 'a\0b' }, 'text'],
    [{ text: 'a\uFFFDb' }, 'text'],
    [{ tags: { 'a\uFFFD': '' } }, 'tags["a\uFFFD"]'],
    [{ short: '😀a' }, 'short'],
    [{ data: Buffer.alloc(3) }, 'data'],
    [{ color: 0 }, 'color'],
    [{ color: 7 }, 'color'],
    [{ colors: [1, 9] }, 'colors[1]'],
    [{ wide: '-6' }, 'wide'],
    [{ wide: '9223372036854775807' }, 'wide'],
    [{ page: 11 }, 'page'],
    [{ share: Number.NaN }, 'share'],
    [{ inners: [{ name: 'a' }, { name: '' }] }, 'inners[1].name'],
    [{ inners: [{ name: 'a' }, { name: 'a' }, { name: 'a' }] }, 'inners'],
    [{ texts: ['a', 'abcd'] }, 'texts[1]'],
    [{ shape: ['1', '-1'] }, 'shape[1]'],
    [{ tags: { a: 'abcde' } }, 'tags["a"]'],
    [{ tags: { ['k'.repeat(257)]: '' } }, `tags["${'k'.repeat(64)}…"]`],
    [{ tags: JSON.parse('{"__proto__":"x"}') as object }, 'tags["__proto__"]'],
    [{ inner: null }, 'inner'],
    [{ inner: { name: '../x' } }, 'inner.name'],
    [{ version: '0' }, 'version'],
    [{ alias: '' }, 'alias'],
    [{ note: 'abcde' }, 'note'],
    [{ sha: 'A'.repeat(64) }, 'sha'],
    ...['../x', '/x', 'a//b', 'a/', '.a', 'a/../b', 'a\\b', 'a\nb', 'a%2e'].map((path): [object, string] => [
      { path },
      'path',
    ]),
  ])('refuses %j and names %s', (fields, field) => {
    expect(violationsOf(fields)).toEqual([field]);
  });

  it('tells all violations at once, at most 20', () => {
    expect(violationsOf({ page: -1, share: Infinity, alias: '' })).toEqual(['page', 'share', 'alias']);
    expect(violationsOf({ shape: Array.from({ length: 50 }, () => '-1') })).toHaveLength(20);
  });

  it('reads half of a surrogate pair, which protobufjs decodes from bytes that are no UTF-8, as wrong', () => {
    const writer = protobuf.Writer.create()
      .uint32(10)
      .bytes(Buffer.from([0xed, 0xa0, 0x80]));
    const request = type.toObject(type.decode(writer.finish()), CONVERSION) as { text: string };
    if (!request.text.isWellFormed()) expect(() => rules(request)).toThrow(/text/);
    else expect(request.text).toContain('\ufffd');
  });

  it('agrees with the byte length for all texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 6 }), (short) => {
        const wrong = Buffer.byteLength(short) > 4 || short.includes('\0');
        expect(violationsOf({ short })).toEqual(wrong ? ['short'] : []);
      }),
    );
  });

  it('does not walk a long list of numbers that has no rule for its elements', () => {
    const values = new Proxy<number[]>(
      Array.from({ length: 5_000_000 }, () => 1),
      {
        get: (target, key) => {
          if (key !== 'length') throw new Error(`read ${String(key)}`);
          return target.length;
        },
      },
    );
    const request = { ...type.toObject(type.fromObject({ color: 1, inner: { name: 'x' } }), CONVERSION), values };
    const begin = performance.now();
    rules(request);
    expect(performance.now() - begin).toBeLessThan(50);
  });

  it('bounds times to those that can be written', () => {
    const check = requestRules('google.protobuf.Timestamp');
    expect(() => check({ seconds: '253402300799', nanos: 999_999_999 })).not.toThrow();
    expect(() => check({ seconds: '253402300800', nanos: 0 })).toThrow(/seconds/);
    expect(() => check({ seconds: '0', nanos: -1 })).toThrow(/nanos/);
  });

  it('can read the rules of every field of every contract', () => {
    let fields = 0;
    const visit = (namespace: protobuf.NamespaceBase): void => {
      if (namespace instanceof protobuf.Type) {
        for (const field of namespace.fieldsArray) {
          readFieldRules(field);
          fields += 1;
        }
        expect(() => requestRules(namespace.fullName.slice(1))).not.toThrow();
      }
      for (const nested of namespace.nestedArray) if (nested instanceof protobuf.Namespace) visit(nested);
    };
    visit(protoRoot);
    expect(fields).toBeGreaterThan(200);
    expect(messageType('inference.ModelInferRequest').fieldsArray.length).toBe(7);
  });
});
