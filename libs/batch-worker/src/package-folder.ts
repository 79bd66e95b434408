import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataLossError } from '@slipway/kernel';

/** File of a package's folder that holds its envelope. */
export const ENVELOPE_FILE = 'envelope.json';

/** Name of a package's file in its folder: no path of a package ever is one of this machine. */
export const packageFileName = (path: string): string => createHash('sha256').update(path).digest('hex');

/** @throws {DataLossError} PACKAGE_INCOMPLETE. */
export async function readPackageFile(folder: string, name: string, bytesMax: number): Promise<Uint8Array> {
  try {
    const content = await readFile(join(folder, name));
    if (content.length <= bytesMax) return content;
  } catch (cause) {
    throw incomplete(name, cause);
  }
  throw incomplete(name, undefined);
}

const incomplete = (name: string, cause: unknown): DataLossError =>
  new DataLossError('a file of the model package is missing or has another size', {
    reason: 'PACKAGE_INCOMPLETE',
    facts: { file: name },
    cause,
  });
