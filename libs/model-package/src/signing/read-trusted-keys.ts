import { readFileSync } from 'node:fs';
import { readTrustedKey, type TrustedKey } from './keys.ts';

/** @param files paths of PEM files, one public key in each. @throws {InvalidArgumentError} reason KEY_INVALID. @throws {Error} when one cannot be read. */
export const readTrustedKeys = (files: readonly string[]): TrustedKey[] =>
  files.map((file) => readTrustedKey(readFileSync(file, 'utf8')));
