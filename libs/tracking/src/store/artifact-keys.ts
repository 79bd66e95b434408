import { FILE_PATH_PATTERN } from '@slipway/kernel';
import { artifactPath, type ArtifactPath } from '@slipway/plugin-kit';
import type { ArtifactHome } from '../domain/artifact-home.ts';
import { refusePath } from '../domain/artifact-location.ts';

/** Names that are a segment of an artifact path as they are. */
const PLAIN = /^[A-Za-z0-9_=@+,~-](?:[A-Za-z0-9._=@+,~ -]{0,253}[A-Za-z0-9._=@+,~-])?$/;
/** What an escaped name begins with. `~` comes after every other character of a plain name, so escaped names come last. */
const MARK = '~u~';
/** What is not itself in an escaped name, also spaces at its end. */
const FOREIGN = /(?:[^A-Za-z0-9._@+,~ -]| (?= *$))+/gu;
const ESCAPED = /=([A-Za-z0-9_-]+)=/g;
const SEGMENT_CHARS_MAX = 255;
const KEY_CHARS_MAX = 896;
const SEGMENTS_MAX = 32;

/**
 * The segment of an artifact path for one name, reversibly: no two names have the same one. Plain names are themselves, others are marked and their
 * foreign characters written in base64 between `=`, which costs Chinese four characters for one. A plain name that looks like an escaped one is escaped
 * itself.
 */
export const escapeName = (name: string): string =>
  PLAIN.test(name) && unescapeName(name) === name
    ? name
    : MARK + name.replaceAll(FOREIGN, (run) => `=${Buffer.from(run, 'utf8').toString('base64url')}=`);

/** The name that a segment is for; a segment that no name has is the name itself. */
export function unescapeName(segment: string): string {
  if (!segment.startsWith(MARK)) return segment;
  const name = segment
    .slice(MARK.length)
    .replaceAll(ESCAPED, (_, base64: string) => Buffer.from(base64, 'base64url').toString('utf8'));
  const isName = !name.includes('/') && FILE_PATH_PATTERN.test(`x/${name}`);
  return isName && escapeName(name) === segment ? name : segment;
}

/** Where all files of a run or a logged model are. */
export const homePlace = (
  workspace: string,
  { kind, id, experimentId }: Pick<ArtifactHome, 'kind' | 'id' | 'experimentId'>,
): ArtifactPath =>
  artifactPath(
    workspace,
    'tracking',
    experimentId.toString(),
    ...(kind === 'model' ? ['models', id] : [id]),
    'artifacts',
  );

/** Where one file or folder is. @param path empty for the home itself. @throws {InvalidArgumentError} reason ARTIFACT_PATH_INVALID when it is too long. */
export function placeOf(workspace: string, home: ArtifactHome, path: string): ArtifactPath {
  const root = homePlace(workspace, home);
  if (path === '') return root;
  const segments = path.split('/').map(escapeName);
  const below = segments.join('/');
  if (
    segments.some((segment) => segment.length > SEGMENT_CHARS_MAX) ||
    root.split('/').length + segments.length > SEGMENTS_MAX ||
    root.length + 1 + below.length > KEY_CHARS_MAX
  ) {
    refusePath('path', 'is too long to be stored; use shorter names or fewer folders');
  }
  return artifactPath(root, below);
}
