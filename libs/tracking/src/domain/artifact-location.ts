import { FILE_PATH_PATTERN, InvalidArgumentError } from '@slipway/kernel';

/** What artifacts that are kept here have before their location. */
const OWN_SCHEME = 'mlflow-artifacts:/';
/** The folder of every run and logged model that its files are in; the last word of their artifact URI. */
const ROOT = 'artifacts';
/** A file may be in folders of that name, and so may a location that somebody chose for an experiment. */
const READINGS_MAX = 8;

/** A way to understand a location: whose it would be, and what would be left. */
export interface LocationReading {
  readonly kind: 'run' | 'model';
  readonly id: string;
  /** What the artifact URI of the owner must be after its scheme, else this reading is wrong. */
  readonly root: string;
  /** The path below the root; empty for the root itself. */
  readonly below: string;
}

/** @throws {InvalidArgumentError} reason ARTIFACT_PATH_INVALID. */
export function refusePath(field: string, description: string): never {
  throw InvalidArgumentError.of(field, `Invalid path: ${description}`, { reason: 'ARTIFACT_PATH_INVALID' });
}

/**
 * A path in its one form, which is the only one that is taken: relative, no empty, `.` or `..` segment, no backslash, control character or escape, so
 * that nothing after this has to be decoded or made canonical.
 * @throws {InvalidArgumentError} reason ARTIFACT_PATH_INVALID.
 */
export function checkedPath(field: string, text: string): string {
  // without the second test half a character would be stored as another one
  if (!FILE_PATH_PATTERN.test(text) || /\p{Cs}/u.test(text)) {
    refusePath(
      field,
      "must be relative, without empty, '.' or '..' segments, backslashes, control characters and escapes",
    );
  }
  return text;
}

/** The path of an artifact URI of ours; undefined for a place that clients open themselves. */
export const ownLocation = (artifactUri: string): string | undefined =>
  artifactUri.startsWith(OWN_SCHEME) ? artifactUri.slice(OWN_SCHEME.length) : undefined;

/**
 * How a location may be understood, the shortest root first: `<prefix>/models/<model id>/artifacts[/path]` or `<prefix>/<run id>/artifacts[/path]`.
 * Which one holds is for the run or model to say: its artifact URI must be the root of the reading.
 * @throws {InvalidArgumentError} reason ARTIFACT_PATH_INVALID when it is no path, or names no run or model.
 */
export function readLocation(text: string): readonly LocationReading[] {
  const segments = checkedPath('location', text).split('/');
  const readings: LocationReading[] = [];
  for (const [at, segment] of segments.entries()) {
    const id = segments[at - 1];
    if (segment !== ROOT || id === undefined) continue;
    const reading = { id, root: segments.slice(0, at + 1).join('/'), below: segments.slice(at + 1).join('/') };
    if (segments[at - 2] === 'models') readings.push({ kind: 'model', ...reading });
    readings.push({ kind: 'run', ...reading });
  }
  if (readings.length === 0) {
    refusePath(
      'location',
      `must be '<experiment>/<run id>/${ROOT}' or '<experiment>/models/<model id>/${ROOT}' and what is below it`,
    );
  }
  return readings.slice(0, READINGS_MAX);
}
