import type { Random } from '@slipway/kernel';
import { digestToken, type TokenEntry } from './token-file.ts';

/** 256 bits: a token cannot be guessed, so one plain sha256 protects it. */
const TOKEN_BYTES = 32;

/**
 * Makes a token and the entry that lets it in. The token is shown once and stored nowhere.
 * @param random of cryptographic strength.
 */
export function createToken(
  random: Random,
  holder: Omit<TokenEntry, 'sha256'>,
): { readonly token: string; readonly entry: TokenEntry } {
  const token = `slipway_${Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url')}`;
  return { token, entry: { sha256: digestToken(token), ...holder } };
}
