import { InvalidArgumentError } from '@slipway/kernel';
import { ARTIFACT_LOCATION_CHARS_MAX, isLongerThan } from './limits.ts';

/** What is kept here; the workspace is not part of it, it comes with every call. */
const OWN_SCHEME = 'mlflow-artifacts';

/** Where the artifacts of an experiment begin unless somebody said otherwise. */
export const defaultArtifactLocation = (experimentId: bigint): string => `${OWN_SCHEME}:/${experimentId}`;

/** One letter is the drive of a local path. */
const URI = /^([a-z][a-z0-9+.-]+):(.*)$/is;
/** Places that are not: they point at other entries, or into the file system of whoever reads them. */
const REFUSED_SCHEMES: ReadonlySet<string> = new Set(['file', 'runs', 'models', 'data', 'javascript', 'vscode']);
/** Each round takes one level of `%`; longer nesting is nobody's honest spelling. */
const DECODE_ROUNDS_MAX = 8;

const refuse = (description: string): InvalidArgumentError =>
  InvalidArgumentError.of('artifact_location', description, { reason: 'ARTIFACT_LOCATION_INVALID' });

/** The text that is left when nothing more can be decoded. */
function decodeAll(text: string): string {
  let current = text;
  for (let round = 0; round < DECODE_ROUNDS_MAX; round += 1) {
    let next: string;
    try {
      next = decodeURIComponent(current);
    } catch {
      throw refuse(`'%' must be followed by two hexadecimal digits of UTF-8`);
    }
    if (next === current) return current;
    current = next;
  }
  throw refuse('is encoded more often than any address has to be');
}

function assertText(decoded: string): void {
  if (/[\p{Cc}\\]/u.test(decoded)) throw refuse('must not contain backslashes or control characters');
  if (decoded.includes('#')) throw refuse('must not have a fragment (#...)');
  if (decoded.includes(';')) throw refuse('must not have parameters (;...)');
  if (decoded.split(/[/?&=:]/).includes('..')) throw refuse("must not contain '..'");
}

/**
 * A place for the artifacts of an experiment in its one form: an absolute address of something that is not a local file, without fragment, parameters
 * and `..`, however they are spelled. Nothing is opened: clients go there themselves, unless it is a place of ours.
 * @throws {InvalidArgumentError} reason ARTIFACT_LOCATION_INVALID.
 */
export function readArtifactLocation(text: string): string {
  if (isLongerThan(text, ARTIFACT_LOCATION_CHARS_MAX)) {
    throw refuse(`'artifact_location' exceeds the maximum length of ${ARTIFACT_LOCATION_CHARS_MAX} characters`);
  }
  assertText(decodeAll(text));
  const [, scheme = '', rest = ''] = URI.exec(text) ?? [];
  if (scheme === '') throw refuse('must be an address such as s3://bucket/path; local paths are not taken');
  const name = scheme.toLowerCase();
  if (REFUSED_SCHEMES.has(name)) throw refuse(`the scheme '${name}' is not taken; use s3, gs, abfss or ${OWN_SCHEME}`);
  if (name === OWN_SCHEME && !/^\/[^/?]+(?:\/[^/?]+)*\/?$/.test(rest)) {
    throw refuse(`use ${OWN_SCHEME}:/ and a path of one or more names`);
  }
  if (rest.replace(/^\/+/, '') === '') throw refuse('must name a place below its scheme');
  return `${name}:${rest}`;
}

/** A place below a location; a query stays at the end. */
export function belowLocation(location: string, ...segments: readonly string[]): string {
  const at = location.indexOf('?');
  const [place, query] = at === -1 ? [location, ''] : [location.slice(0, at), location.slice(at)];
  return `${place.replace(/\/+$/, '')}/${segments.join('/')}${query}`;
}
