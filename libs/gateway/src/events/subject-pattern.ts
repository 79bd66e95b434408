import { InvalidArgumentError } from '@slipway/kernel';

/** Tells by the tokens of an event's subject after its workspace: domain, noun, verb and escaped key. */
export type SubjectPattern = (tokens: readonly string[]) => boolean;

const TOKEN = /^(?:\*|[A-Za-z0-9_~%-]{1,200})$/;
const TOKENS_MAX = 4;

/**
 * Reads a filter such as `registry.>`, `*.model.loaded.flights` or `registry.alias.moved.*`: `*` stands for one token, `>` at the end for one
 * or more.
 * @throws {InvalidArgumentError} on anything else.
 */
export function readSubjectPattern(filter: string): SubjectPattern {
  const wanted = filter.split('.');
  const isOpen = wanted.at(-1) === '>';
  if (isOpen) wanted.pop();
  if (wanted.length > TOKENS_MAX || !wanted.every((token) => TOKEN.test(token)) || filter === '') {
    throw InvalidArgumentError.of(
      'filter',
      "must be at most domain.noun.verb.key, with '*' for one of them or '>' at the end",
    );
  }
  return (tokens) => {
    const fits = isOpen ? tokens.length > wanted.length : tokens.length === wanted.length;
    return fits && wanted.every((token, index) => token === '*' || token === tokens[index]);
  };
}
