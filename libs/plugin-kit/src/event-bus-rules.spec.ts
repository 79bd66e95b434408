import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSubject, isSubjectFilter, subjectMatches } from './event-bus-rules.ts';

const token = fc.constantFrom('a', 'b', 'slipway', 'v1', 'x-y_Z');
const subject = fc.array(token, { minLength: 1, maxLength: 6 });

/** The same rule told as a regular expression over whole subjects. */
function oracle(filter: readonly string[]): RegExp {
  const parts = filter.map((part) => (part === '*' ? '[^.]+' : part === '>' ? '.+' : part));
  return new RegExp(`^${parts.join('\\.')}$`);
}

it('matches for all filters and subjects what the wildcards of NATS say', () => {
  const filter = fc
    .tuple(fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 6 }), fc.boolean())
    .map(([parts, isOpen]) => (isOpen ? [...parts, '>'] : parts));
  fc.assert(
    fc.property(filter, subject, (parts, tokens) => {
      const text = tokens.join('.');
      expect(subjectMatches(parts.join('.'), text)).toBe(oracle(parts).test(text));
    }),
    { numRuns: 2_000, seed: 7 },
  );
});

it('matches a filter that was made from the subject itself', () => {
  fc.assert(
    fc.property(subject, fc.array(fc.boolean()), fc.nat(), (tokens, stars, cut) => {
      const parts = tokens.map((part, index) => (stars[index] ? '*' : part));
      const open = [...parts.slice(0, cut % tokens.length), '>'];
      expect(subjectMatches(parts.join('.'), tokens.join('.'))).toBe(true);
      expect(subjectMatches(open.join('.'), tokens.join('.'))).toBe(true);
    }),
  );
});

it.each([
  ['a.b', true, true],
  ['a.*', false, true],
  ['>', false, true],
  ['a.>', false, true],
  ['a.>.b', false, false],
  ['a..b', false, false],
  ['.a', false, false],
  ['a b', false, false],
  ['a\u0000', false, false],
  ['a*', false, false],
  ['', false, false],
  ['ä.ö', true, true],
])('%j is a subject: %s, is a filter: %s', (text, asSubject, asFilter) => {
  expect(isSubject(text)).toBe(asSubject);
  expect(isSubjectFilter(text)).toBe(asFilter);
});
