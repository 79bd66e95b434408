import { InvalidArgumentError, type Secret } from '@slipway/kernel';
import { WORKSPACE_HEADER } from '@slipway/platform';
import type { CallOptions } from './client.ts';

/** Bearer token for the next call, or undefined for none; asked for every call, so that a token may be renewed. */
export type TokenProvider = () => string | Secret | undefined;

const NAME = /^[a-z0-9_.-]{1,64}$/;
const VALUE = /^[\x20-\x7e]{0,4096}$/;

/** Who calls, and where, unless the call says otherwise. */
export interface CallDefaults {
  readonly token?: TokenProvider;
  readonly workspace?: string;
}

/** All headers of one call. @throws {InvalidArgumentError} on one that cannot be sent. */
export function callHeaders(options: CallOptions, defaults: CallDefaults): Map<string, string> {
  const headers = new Map(Object.entries(options.headers ?? {}));
  for (const name of headers.keys()) {
    if (!NAME.test(name) || name.startsWith('grpc-') || name.endsWith('-bin')) {
      throw InvalidArgumentError.of(`headers.${name}`, 'must be a lower-case name that is neither grpc-* nor *-bin');
    }
  }
  const shown = defaults.token?.();
  if (shown !== undefined) headers.set('authorization', `Bearer ${typeof shown === 'string' ? shown : shown.reveal()}`);
  if (options.requestId !== undefined) headers.set('x-request-id', options.requestId);
  const workspace = options.workspace ?? defaults.workspace;
  if (workspace !== undefined) headers.set(WORKSPACE_HEADER, workspace);
  for (const [name, value] of headers) {
    if (!VALUE.test(value))
      throw InvalidArgumentError.of(`headers.${name}`, 'must be printable ASCII of at most 4096 characters');
  }
  return headers;
}

/** Nothing waits for ever: a call without a deadline of its own gets this one. */
export const DEFAULT_TIMEOUT_MS = 30_000;
/** A day: longer timers overflow, and longer work is an Operation. */
const TIMEOUT_MS_MAX = 86_400_000;

/** @throws {InvalidArgumentError} */
export function timeoutOf(options: CallOptions, defaultMs: number): number {
  const timeoutMs = options.timeoutMs ?? defaultMs;
  if (!(timeoutMs > 0) || timeoutMs > TIMEOUT_MS_MAX) {
    throw InvalidArgumentError.of('timeoutMs', `must be more than 0 and at most ${TIMEOUT_MS_MAX}`);
  }
  return timeoutMs;
}
