import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMicros, parseMicros } from '@slipway/kernel';
import { protoRoot } from '../schema.ts';
import { aliasMoved, EVENT_CATALOGUE } from './catalogue.ts';
import { decodePayload, parseCloudEvent, recordEvent, toBusMessage } from './cloud-event.ts';
import { documentEvents } from './document-events.ts';
import { escapeKey, subjectOf } from './subject.ts';

const at = { id: '01942f7e-0000-7000-8000-000000000000', workspace: 'default', time: 986_083_200_123_456n };

const PROTOS = join(import.meta.dirname, '../../../../proto');

describe('event catalogue', () => {
  it.each(EVENT_CATALOGUE.map((definition) => [definition.type, definition] as const))(
    '%s survives the bus',
    (_type, definition) => {
      const message = toBusMessage(recordEvent(definition, definition.sample, at), 'registry');
      const event = parseCloudEvent(message.data, message.headers);
      expect(event).toMatchObject({
        specversion: '1.0',
        id: at.id,
        type: definition.type,
        workspace: 'default',
        dataschema: `proto:${definition.schema}`,
      });
      expect(parseMicros(event.time)).toBe(at.time);
      expect(decodePayload(definition, event.data)).toEqual(definition.sample);
    },
  );
  it('holds one definition for each payload message of the contracts', () => {
    const schemas = EVENT_CATALOGUE.map(({ schema }) => schema);
    expect(new Set(schemas).size).toBe(schemas.length);
    for (const schema of schemas) expect(protoRoot.lookupType(schema).fullName).toBe(`.${schema}`);
    // what the files named events.proto declare and no other payload is part of
    const parts = new Set(
      ['LoggedCall', 'LoggedValues', 'LoggedTexts', 'LoggedUnit', 'LoggedShadow', 'LoggedView']
        .map((name) => `slipway.serving.v1.${name}`)
        .concat('slipway.routing.v1.Exposure', 'slipway.monitoring.v1.WindowVersion'),
    );
    const declared = readdirSync(PROTOS, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('/events.proto'))
      .flatMap((file) => {
        const text = readFileSync(join(PROTOS, file), 'utf8');
        const name = /^package (.+);$/m.exec(text)?.[1];
        return [...text.matchAll(/^message (\w+)/gm)].map((match) => `${name}.${match[1]}`);
      });
    expect(new Set(schemas)).toEqual(new Set(declared.filter((each) => !parts.has(each))));
  });
  it('keeps int64 exact', () => {
    const payload = { ...aliasMoved.sample, version: '9223372036854775807', revision: '9007199254740993' };
    const message = toBusMessage(recordEvent(aliasMoved, payload, at), 'registry');
    expect(decodePayload(aliasMoved, parseCloudEvent(message.data, message.headers).data)).toMatchObject(payload);
  });
  it('is what docs/events.md says; run `npm run docs` after a change', () => {
    expect(readFileSync(join(import.meta.dirname, '../../../../docs/events.md'), 'utf8')).toBe(documentEvents());
  });
});

describe('CloudEvents on the wire', () => {
  const good = {
    specversion: '1.0',
    id: 'a',
    source: '/x',
    type: 't',
    time: '2001-04-01T00:00:00Z',
    workspace: 'default',
    data: {},
  };
  const parse = (event: unknown): unknown => parseCloudEvent(Buffer.from(JSON.stringify(event)), {});
  it.each(['specversion', 'id', 'source', 'type', 'time', 'workspace', 'data'])(
    'refuses an event without %s and names it',
    (attribute) => {
      expect(() => parse({ ...good, [attribute]: undefined })).toThrow(attribute);
    },
  );
  it.each([
    ['nothing', ''],
    ['half of it', '{"specversion":"1.0"'],
    ['a list', '[]'],
    ['text', '"x"'],
  ])('refuses %s', (_name, text) => {
    expect(() => parseCloudEvent(Buffer.from(text), {})).toThrow('data');
  });
  it('reads binary mode', () => {
    const { data, ...attributes } = good;
    const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
    const event = parseCloudEvent(Buffer.from(JSON.stringify(data)), {
      ...headers,
      'content-type': 'application/json',
    });
    expect(event).toMatchObject(good);
  });
});

describe('subjects', () => {
  it('for all keys are one token, and different for different keys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (left, right) => {
        expect(escapeKey(left)).toMatch(/^[A-Za-z0-9_~%-]{1,200}$/);
        if (left !== right && left.isWellFormed() && right.isWellFormed())
          expect(escapeKey(left)).not.toBe(escapeKey(right));
      }),
    );
  });
  it('refuse a workspace with wildcards', () => {
    for (const workspace of ['*', '>', 'a.b', '', 'a b'])
      expect(() => subjectOf(aliasMoved.subject, workspace, 'k')).toThrow('workspace');
  });
  it('for all times text and microseconds agree', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-62_135_596_800_000_000n, 253_402_300_799_999_999n),
        (micros) => parseMicros(formatMicros(micros)) === micros,
      ),
    );
  });
});
