import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '@slipway/kernel';
import { expressionsOf, fillTemplate, fillValue, parseTemplate, type ReferencePath } from './template.ts';

const VALUES: Readonly<Record<string, JsonValue>> = {
  'parameters.until': '2001-04-28',
  'parameters.days': 28,
  'parameters.at': '2001-04-28T12:30:00.5Z',
  'steps.train.version': '3',
  'steps.train.flag': true,
  'steps.train.list': [1, 2],
};
const lookUp = (path: ReferencePath): JsonValue | undefined => VALUES[path.join('.')];
const fill = (text: string): JsonValue => fillTemplate(text, lookUp);

describe('expressions', () => {
  it.each<[string, JsonValue]>([
    ['plain', 'plain'],
    ['', ''],
    ['costs $5 {x}', 'costs $5 {x}'],
    ['${parameters.days}', 28],
    ['${ parameters.days }', 28],
    ['${steps.train.flag}', true],
    ['${steps.train.list}', [1, 2]],
    ['v${steps.train.version} of ${parameters.days} days', 'v3 of 28 days'],
    ['${date(parameters.until)}', '2001-04-28'],
    ['${date(parameters.until) - 28d}', '2001-03-31'],
    ['${date( parameters.until )-28d}', '2001-03-31'],
    ['${date(parameters.until) + 4w}', '2001-05-26'],
    ['${date(parameters.until) + 308d}', '2002-03-02'],
    ['${date(parameters.until) - 1h}', '2001-04-27T23:00:00.000000Z'],
    ['${date(parameters.at) - 1d}', '2001-04-27T12:30:00.500000Z'],
  ])('%j becomes %j', (text, expected) => {
    expect(fill(text)).toEqual(expected);
  });

  it.each([
    ['${parameters', "'${' without '}'"],
    ['${}', 'is no expression'],
    ['${parameters}', 'is no expression'],
    ['${1 + 2}', 'is no expression'],
    ['${process.env["X"]}', 'is no expression'],
    ['${parameters.a.}', 'is no expression'],
    ['${date(parameters.until) * 2}', 'is no expression'],
    ['${date(parameters.until) - x}', 'is no duration'],
    ['${date(date(parameters.until)) - 1d}', 'is no expression'],
    ['${parameters.gone}', 'has no value'],
    ['${date(parameters.days) - 1d}', 'is no date'],
    ['x ${steps.train.list}', 'cannot stand within text'],
    ['${a.b}'.repeat(33), 'more than 32 expressions'],
  ])('%j is refused: %s', (text, problem) => {
    expect(() => fill(text)).toThrow(problem);
  });

  it('for all days and numbers of days: back and forth is where it began', () => {
    const day = fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 3000 }), (date, days) => {
        const text = date.toISOString().slice(0, 10);
        const moved = fillTemplate(`\${date(p.d) + ${days}d}`, () => text);
        expect(fillTemplate(`\${date(p.d) - ${days}d}`, () => moved)).toBe(text);
        // the oracle counts in milliseconds of the platform's dates
        expect(moved).toBe(new Date(Date.parse(text) + days * 86_400_000).toISOString().slice(0, 10));
      }),
    );
  });

  it('for all texts without an expression: nothing changes; and no text makes it do anything but throw or answer', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('${'));
        expect(fill(text)).toBe(text);
        expect(expressionsOf(text)).toEqual([]);
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', '.', '(', ')', ' ', '-', '1', 'd') }),
        (text) => {
          try {
            parseTemplate(text);
          } catch (error) {
            expect(error).toMatchObject({ name: 'TemplateError' });
          }
        },
      ),
    );
  });

  it('fills texts wherever they are in a value, and no keys', () => {
    const value = { a: ['${parameters.days}', { '${x}': 'n ${parameters.days}' }], b: 1, c: null };
    expect(fillValue(value, lookUp)).toEqual({ a: [28, { '${x}': 'n 28' }], b: 1, c: null });
  });
});
