import { isAbsolute } from 'node:path';
import { InvalidArgumentError } from '@slipway/plugin-kit';

// The only places where text from outside enters a statement. DuckDB has no escapes but the doubled quote in both forms; a NUL would end the
// statement in the C interface, and half a surrogate pair would be changed silently on its way to UTF-8.

function assertPlain(value: string, what: string): void {
  if (value.includes('\0')) throw InvalidArgumentError.of(what, 'must not contain the character NUL');
  if (!value.isWellFormed()) throw InvalidArgumentError.of(what, 'must be well-formed Unicode');
}

/** A name of a column as an identifier. @throws {InvalidArgumentError} for an empty one and for NUL. */
export function identifier(name: string): string {
  if (name === '') throw InvalidArgumentError.of('column', 'a name must not be empty');
  assertPlain(name, 'column');
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal. @throws {InvalidArgumentError} for NUL. */
export function text(value: string): string {
  assertPlain(value, 'text');
  return `'${value.replaceAll("'", "''")}'`;
}

/** A double as a literal that gives the same bits again. */
export function double(value: number): string {
  const digits = Object.is(value, -0) ? '-0.0' : String(value);
  return `CAST('${digits}' AS DOUBLE)`;
}

/** The path of a file to read. A path is a pattern for DuckDB's readers: what has a meaning there stands in brackets. */
export function inputPath(file: string): string {
  assertPath(file);
  return text(file.replace(/[*?[]/g, '[$&]'));
}

/** The path of a file to write. */
export function outputPath(file: string): string {
  assertPath(file);
  return text(file);
}

/** Relative paths and URLs are refused: both would mean something else to DuckDB than to its user. */
function assertPath(file: string): void {
  if (!isAbsolute(file)) throw InvalidArgumentError.of('file', `'${file}' must be an absolute path`);
}

/** `prefix0, prefix1, ...`: names of our own for columns of others. */
export const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
