import { describe, expect, it } from 'vitest';
import * as own from './errors.ts';

/** The module loaded once more, as in a plugin that brings its own copy. */
const copy: string = './errors.ts?another-copy';
const foreign = (await import(copy)) as typeof own;

const classes = Object.entries(own).flatMap(([name, type]) => (name === 'DomainError' ? [] : [[name, type] as const]));

const make = (module: typeof own, name: string): own.DomainError => {
  if (name === 'InvalidArgumentError') return module.InvalidArgumentError.of('field', 'text');
  const type = module[name as 'NotFoundError'];
  return new type('text');
};

describe('errors of another copy of this module', () => {
  it('are made by other classes', () => {
    expect(foreign.NotFoundError).not.toBe(own.NotFoundError);
    expect(Object.getPrototypeOf(make(foreign, 'NotFoundError'))).not.toBe(own.NotFoundError.prototype);
  });

  it.each(classes)('are recognised as %s and as nothing else', (name) => {
    const error = make(foreign, name);
    expect(error instanceof own.DomainError).toBe(true);
    for (const [other, type] of classes) expect([other, error instanceof type]).toEqual([other, other === name]);
    expect(make(own, name) instanceof foreign.DomainError).toBe(true);
  });

  it('are recognised through a subclass', () => {
    class DiskFullError extends foreign.ExhaustedError {}
    const error: unknown = new DiskFullError('full');
    expect(error instanceof own.ExhaustedError).toBe(true);
    expect(error instanceof own.NotFoundError).toBe(false);
  });

  it('are no instances of a subclass that only one copy has', () => {
    class MineError extends own.ExhaustedError {}
    class TheirsError extends foreign.ExhaustedError {}
    expect(new TheirsError('x') instanceof MineError).toBe(false);
    expect(new own.ExhaustedError('x') instanceof MineError).toBe(false);
    expect(new MineError('x') instanceof MineError).toBe(true);
  });

  it.each([
    ['an error of no kind', new Error('x')],
    [
      'an object with the fields of one',
      { kind: 'not-found', reason: 'NOT_FOUND', facts: {}, violations: [], message: 'x' },
    ],
    ['an error that has only the name', Object.assign(new Error('x'), { name: 'NotFoundError', kind: 'not-found' })],
    ['null', null],
    ['undefined', undefined],
    ['a text', 'NotFoundError'],
    ['an object without a prototype', Object.create(null) as object],
  ])('do not make one of %s', (_, value: unknown) => {
    for (const [, type] of classes) expect(value instanceof type).toBe(false);
    expect(value instanceof own.DomainError).toBe(false);
  });
});
