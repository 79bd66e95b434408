import { createHash } from 'node:crypto';
import { WORKSPACE_PATTERN, type EventSubject } from '@slipway/kernel';

const KEY_TOKEN_BYTES_MAX = 200;

/**
 * A key as one subject token: letters, digits, `_`, `-` and `~` stay, every other byte of its UTF-8 form becomes `%XX`.
 * Keys that would be longer than 200 bytes, and the empty one, become `~` and 40 hex digits of their sha256.
 */
export function escapeKey(key: string): string {
  const escaped = Array.from(Buffer.from(key, 'utf8'), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
  const plain = escaped !== '' && escaped.length <= KEY_TOKEN_BYTES_MAX;
  return plain ? escaped : `~${createHash('sha256').update(key).digest('hex').slice(0, 40)}`;
}

/** `slipway.v<version>.<workspace>.<domain>.<noun>.<verb>.<key>`. @throws {RangeError} when the workspace is not one. */
export function subjectOf(subject: EventSubject, workspace: string, key: string): string {
  if (!WORKSPACE_PATTERN.test(workspace)) throw new RangeError(`not a workspace: '${workspace}'`);
  return `slipway.v${subject.version}.${workspace}.${subject.domain}.${subject.noun}.${subject.verb}.${escapeKey(key)}`;
}

/** Filter for one kind of event, in one workspace or in all. */
export function subjectFilter(subject: EventSubject, workspace = '*'): string {
  return `slipway.v${subject.version}.${workspace}.${subject.domain}.${subject.noun}.${subject.verb}.>`;
}
