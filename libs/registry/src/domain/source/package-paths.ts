import { InvalidArgumentError } from '@slipway/kernel';
import { ENVELOPE_PATH } from '@slipway/model-package';
import { artifactPath } from '@slipway/plugin-kit';

/** Characters that a path of a package may have, but for `=`, which begins an escape. */
const PLAIN = /[A-Za-z0-9._@+,~ -]/;

const escaped = (character: string): string =>
  [...Buffer.from(character, 'utf8')].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/** Reversible: `=` and two digits stand for a byte, and `=` itself is always escaped. */
const escapeSegment = (segment: string, isPlain: (character: string, at: number, last: number) => boolean): string =>
  Array.from(segment)
    .map((character, at, all) => (isPlain(character, at, all.length - 1) ? character : escaped(character)))
    .join('');

const isPlainAt = (character: string, at: number, last: number): boolean =>
  PLAIN.test(character) && !(at === 0 && /[. ]/.test(character)) && !(at === last && character === ' ');

const escapePath = (path: string): string =>
  path
    .split('/')
    .map((segment) => escapeSegment(segment, isPlainAt))
    .join('/');

/** For names that differ only by case: upper-case letters are escaped, too. */
const escapeCase = (path: string): string =>
  path.replaceAll(/=[0-9A-F]{2}|[A-Z]/g, (part) => (part.length > 1 ? part : escaped(part)));

/**
 * Paths of a package for files of any name, in their order; no two of them are the same, also when case is ignored.
 * @throws {InvalidArgumentError} reason PACKAGE_INVALID on a path that is too long or too deep once it is escaped.
 */
export function packagePaths(paths: readonly string[]): readonly string[] {
  const taken = new Set<string>([ENVELOPE_PATH]);
  return paths.map((path) => {
    const plain = escapePath(path);
    let name = taken.has(plain.toLowerCase()) ? escapeCase(plain) : plain;
    if (taken.has(name.toLowerCase())) name = name.replace(/[a-z]/, (letter) => escaped(letter));
    taken.add(name.toLowerCase());
    return checked(path, name);
  });
}

function checked(path: string, name: string): string {
  try {
    return artifactPath(name);
  } catch (cause) {
    const description = `file '${path.slice(0, 80)}' has a name that is too long or too deep for a package`;
    throw InvalidArgumentError.of('source', description, { reason: 'PACKAGE_INVALID', cause });
  }
}
