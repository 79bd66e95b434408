import { DataLossError, DomainError, ExhaustedError, UnavailableError } from '@slipway/plugin-kit';
import { MAP_SIZE_SETTING } from './config.ts';

/** Of the operating system, as LMDB and as Node.js tell it. */
const NO_SPACE = new Set<unknown>([27, 28, 122, 'EFBIG', 'ENOSPC', 'EDQUOT']);
/** Of LMDB: page not found, corrupted, not an LMDB file, another version of the format. */
const DAMAGED = new Set<unknown>([-30_797, -30_796, -30_793, -30_794]);

/** The one place where an error of LMDB or of the file system becomes one of ours. What is from neither passes as it is. */
export function fromLmdbError(error: unknown): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  if (typeof code !== 'number' && typeof code !== 'string') return error;
  if (NO_SPACE.has(code)) {
    return new ExhaustedError(`no space is left for the online store: ${error.message}; free some on its disk`, {
      cause: error,
      reason: 'ONLINE_STORE_DISK_FULL',
    });
  }
  if (DAMAGED.has(code)) {
    const text = `the online store is damaged: ${error.message}; remove its directory and load the views again`;
    return new DataLossError(text, { cause: error, reason: 'ONLINE_STORE_DAMAGED' });
  }
  return new UnavailableError(`the online store cannot be used: ${error.message}`, {
    cause: error,
    reason: 'ONLINE_STORE_UNUSABLE',
  });
}

/** The rows would take more than the setting allows. */
export const mapFull = (mebibytes: number): ExhaustedError =>
  new ExhaustedError(
    `the online store holds all that ${MAP_SIZE_SETTING} = ${mebibytes} allows; raise it or drop views`,
    {
      reason: 'ONLINE_STORE_MAP_FULL',
      facts: { setting: MAP_SIZE_SETTING, mebibytes: `${mebibytes}` },
    },
  );

/** Runs `step`, with errors of LMDB turned into ours. */
export function mapped<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw fromLmdbError(error);
  }
}
