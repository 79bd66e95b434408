import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AlreadyExistsError,
  ConflictError,
  DataLossError,
  DeniedError,
  DomainError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
  type ErrorKind,
} from '@slipway/kernel';
import { boundText, CallCancelledError, DeadlineExceededError, httpStatusOf, toFailure } from './errors.ts';
import { fromStatus, RemoteInternalError } from './remote-errors.ts';
import { ERROR_CODES, STATUS } from './status.ts';

const MAKERS = [
  NotFoundError,
  AlreadyExistsError,
  FailedPreconditionError,
  ConflictError,
  ExhaustedError,
  UnauthenticatedError,
  DeniedError,
  UnavailableError,
  UnsupportedError,
  DataLossError,
];
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const details = fc.record({
  reason: fc.stringMatching(/^[A-Z_]{1,30}$/),
  facts: fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    text,
    { maxKeys: 5 },
  ),
});
const violations = fc.array(fc.record({ field: text, description: text }), { minLength: 1, maxLength: 5 });
const message = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 });
const anyError: fc.Arbitrary<DomainError> = fc.oneof(
  fc.tuple(fc.constantFrom(...MAKERS), message, details).map(([Type, words, rest]) => new Type(words, rest)),
  fc.tuple(violations, details).map(([fields, rest]) => new InvalidArgumentError(fields, rest)),
);

describe('the table of errors', () => {
  it('comes back on the other side as it was thrown, for all kinds', () => {
    const seen = new Set<ErrorKind>();
    fc.assert(
      fc.property(anyError, (error) => {
        seen.add(error.kind);
        const back = fromStatus(toFailure(error, 'r-1'));
        if (!(back instanceof DomainError)) throw back;
        expect(back.constructor).toBe(error.constructor);
        expect([back.kind, back.reason, back.message]).toEqual([error.kind, error.reason, error.message]);
        expect(back.facts).toEqual(error.facts);
        expect(back.violations).toEqual(error.violations);
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });

  it('stays small and safe for headers whatever an error says', () => {
    const wild = fc.string({ unit: 'binary', maxLength: 5_000 });
    fc.assert(
      fc.property(
        wild,
        fc.dictionary(wild, wild),
        fc.array(fc.tuple(wild, wild), { maxLength: 30 }),
        (words, facts, pairs) => {
          const error = new InvalidArgumentError(
            pairs.map(([field, description]) => ({ field, description })),
            {
              reason: words,
              facts,
            },
          );
          for (const failure of [toFailure(error, 'r'), toFailure(new NotFoundError(words, { facts }), 'r')]) {
            expect(failure.details.length).toBeLessThan(6_000);
            expect(encodeURI(failure.message).length).toBeLessThan(4_000);
            expect(fromStatus(failure)).toBeInstanceOf(DomainError);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('hides a bug and keeps its cause for the log', () => {
    const bug = new TypeError("cannot read 'secret' of undefined");
    const failure = toFailure(bug, 'r-7');
    expect([failure.code, failure.message, failure.requestId]).toEqual([STATUS.INTERNAL, 'internal error', 'r-7']);
    expect(failure.details.toString('latin1')).not.toContain('secret');
    expect(failure.cause).toBe(bug);
    const back = fromStatus(failure);
    expect(back).toBeInstanceOf(RemoteInternalError);
    expect(back.message).toBe('internal error (request r-7)');
  });

  it('names the two ways a call ends early', () => {
    expect(toFailure(new CallCancelledError(), 'r').status).toBe('CANCELLED');
    expect(toFailure(new DeadlineExceededError(), 'r').status).toBe('DEADLINE_EXCEEDED');
    expect([httpStatusOf(new CallCancelledError()), httpStatusOf(new DeadlineExceededError())]).toEqual([499, 504]);
    expect([httpStatusOf(new Error('x')), httpStatusOf(new NotFoundError('x'))]).toEqual([500, 404]);
  });

  it('reads a status without or with broken details by its code', () => {
    const foreign = fromStatus({ code: 8, message: 'Received message larger than max' }) as DomainError;
    expect([foreign.kind, foreign.reason]).toEqual(['exhausted', 'RESOURCE_EXHAUSTED']);
    const broken = fromStatus({ code: 5, message: 'gone', details: Buffer.from([0xff, 0xff]) }) as DomainError;
    expect([broken.kind, broken.message]).toEqual(['not-found', 'gone']);
  });

  it('cuts texts at a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.integer({ min: 4, max: 100 }),
        (words, bytesMax) => {
          const cut = boundText(words, bytesMax);
          expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
          expect(cut.isWellFormed()).toBe(true);
          if (Buffer.byteLength(words.toWellFormed()) <= bytesMax) expect(cut).toBe(words.toWellFormed());
        },
      ),
    );
  });
});
