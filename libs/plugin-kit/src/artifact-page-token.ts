import { InvalidArgumentError } from '@slipway/kernel';
import { artifactPath, type ArtifactPath } from './artifact-store.ts';

/** The largest page a list may ask for. */
export const ARTIFACT_PAGE_SIZE_MAX = 1000;

/** Keyset token: the last path seen, so that a page goes on behind it whatever was written or deleted in between. */
export function toPageToken(last: ArtifactPath): string {
  return Buffer.from(last, 'utf8').toString('base64url');
}

/**
 * Checks what the caller of `list` asks for.
 * @returns the path after which the page begins; undefined for the first page.
 * @throws {InvalidArgumentError} on a page size outside 1..1000, and on a token that no list of this prefix has given out.
 */
export function readPageStart(
  prefix: ArtifactPath,
  page: { readonly pageSize: number; readonly pageToken?: string },
): ArtifactPath | undefined {
  if (!Number.isInteger(page.pageSize) || page.pageSize < 1 || page.pageSize > ARTIFACT_PAGE_SIZE_MAX) {
    throw InvalidArgumentError.of('pageSize', `use a whole number from 1 to ${ARTIFACT_PAGE_SIZE_MAX}`);
  }
  if (page.pageToken === undefined) return undefined;
  const text = Buffer.from(page.pageToken, 'base64url').toString('utf8');
  if (!text.startsWith(`${prefix}/`) || Buffer.from(text, 'utf8').toString('base64url') !== page.pageToken) {
    throw foreignToken();
  }
  try {
    return artifactPath(text);
  } catch (cause) {
    throw foreignToken(cause);
  }
}

const foreignToken = (cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of('pageToken', 'use the token of the page before, with the same prefix', { cause });
