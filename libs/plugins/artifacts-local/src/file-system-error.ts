import { DataLossError, DomainError, ExhaustedError, FailedPreconditionError, UnavailableError } from '@slipway/kernel';

/** The code of a failed system call, e.g. `ENOENT`; undefined for everything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether nothing is there: the name itself, or a parent that is no directory. */
export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EMLINK']);
const FORBIDDEN = new Set(['EACCES', 'EPERM', 'EROFS', 'ELOOP', 'ENOTDIR', 'EISDIR', 'EXDEV', 'ENAMETOOLONG']);
const BUSY = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'ESTALE', 'ETIMEDOUT', 'ENOENT', 'EINTR', 'SQLITE_BUSY']);

/**
 * The one place where a system call's failure becomes an error of ours; errors of ours and ones that are no system call's pass unchanged.
 * Messages name what was tried, never a directory of this machine.
 */
export function fromFileSystem(error: unknown, what: string): unknown {
  const code = errorCode(error);
  if (error instanceof DomainError || code === undefined) return error;
  const details = { facts: { code }, cause: error };
  if (FULL.has(code)) {
    return new ExhaustedError(`${what}: the file system is full (${code})`, {
      ...details,
      reason: 'ARTIFACT_STORAGE_FULL',
    });
  }
  if (FORBIDDEN.has(code)) {
    return new FailedPreconditionError(`${what}: the file system refuses (${code})`, {
      ...details,
      reason: 'ARTIFACT_STORAGE_REFUSED',
    });
  }
  if (BUSY.has(code)) {
    return new UnavailableError(`${what}: try again (${code})`, { ...details, reason: 'ARTIFACT_STORAGE_BUSY' });
  }
  if (code === 'EIO') {
    return new DataLossError(`${what}: the disk reports an error`, { ...details, reason: 'ARTIFACT_STORAGE_DAMAGED' });
  }
  return error;
}
