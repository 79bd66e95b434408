import {
  DeniedError,
  DomainError,
  ExhaustedError,
  FailedPreconditionError,
  UnauthenticatedError,
  UnavailableError,
} from '@slipway/plugin-kit';
import { ErrorReply } from '@redis/client';

/** The word an error of the server begins with, e.g. `NOSCRIPT`; undefined for what did not come from it. */
export function replyCode(error: unknown): string | undefined {
  return error instanceof ErrorReply ? error.message.split(' ', 1)[0] : undefined;
}

/** Trying again with the same settings leads to the same answer. */
export function isRefusal(error: unknown): boolean {
  const code = replyCode(error);
  return code !== undefined && (['NOAUTH', 'WRONGPASS', 'NOPERM'].includes(code) || code === 'ERR');
}

/** The one place where an error of the server or of its client becomes one of ours. `doing` completes "… failed", e.g. `reading`. */
export function fromRedisError(error: unknown, doing: string): DomainError {
  if (error instanceof DomainError) return error;
  const text = error instanceof Error ? error.message : 'unknown';
  const details = { cause: error };
  switch (replyCode(error)) {
    case 'NOAUTH':
    case 'WRONGPASS':
      return new UnauthenticatedError('the online store refused the sign-in: see user and password-file', details);
    case 'NOPERM':
      return new DeniedError(`${doing} failed: the user lacks a permission of the online store (${text})`, details);
    case 'OOM':
      return new ExhaustedError(`${doing} failed: the online store is at its limit maxmemory; raise it or drop views`, {
        ...details,
        reason: 'ONLINE_STORE_MEMORY_FULL',
      });
    case 'MOVED':
    case 'ASK':
    case 'CROSSSLOT':
      return new FailedPreconditionError('the online store is a Redis cluster; use one server, or one behind a proxy', {
        ...details,
        reason: 'ONLINE_STORE_IS_CLUSTER',
      });
    case 'WRONGTYPE':
      return new FailedPreconditionError(
        `${doing} failed: another application uses the same key; give online-store.redis a key-prefix of its own`,
        { ...details, reason: 'ONLINE_STORE_KEY_TAKEN' },
      );
    default:
      return new UnavailableError(`${doing} failed: ${text}`, { ...details, reason: 'ONLINE_STORE_UNAVAILABLE' });
  }
}
