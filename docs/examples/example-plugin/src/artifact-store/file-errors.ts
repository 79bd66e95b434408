import { ExhaustedError, FailedPreconditionError, UnavailableError } from '@slipway/plugin-kit';

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const REFUSED: readonly string[] = ['EACCES', 'EPERM', 'EROFS', 'EXDEV'];

/** The one place where the failure of a system call becomes an error for callers; what is none passes unchanged. */
export function fromFileSystem(error: unknown, what: string): unknown {
  const code = codeOf(error);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const details = { facts: { code }, cause: error };
  if (FULL.includes(code)) return new ExhaustedError(`${what}: the file system is full (${code})`, details);
  if (REFUSED.includes(code)) return new FailedPreconditionError(`${what}: the file system refuses (${code})`, details);
  return new UnavailableError(`${what}: try again (${code})`, details);
}
