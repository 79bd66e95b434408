import { Secret, type Random } from '@slipway/kernel';
import { createKeyFile, readKeyFile } from '@slipway/platform';

const KEY_BYTES = 32;
const HEX_KEY = /^[0-9a-f]{64}$/;

export interface WebhookKeyFile {
  /** 64 hex digits: the key that secrets of webhooks are sealed with in the database. */
  readonly file: string;
  /** Make a key on the first start. False for a key that an operator provides: its absence is an error. */
  readonly createIfAbsent: boolean;
}

/** @param random of cryptographic strength. @returns 64 hex digits. @throws {Error} naming the file when it is absent or holds something else. */
export async function loadWebhookKey({ file, createIfAbsent }: WebhookKeyFile, random: Random): Promise<Secret> {
  const made = (): string => `${Buffer.from(random.bytes(KEY_BYTES)).toString('hex')}\n`;
  const text = (await readKeyFile(file)) ?? (createIfAbsent ? await createKeyFile(file, made()) : undefined);
  if (text === undefined)
    throw new Error(`there is no key for secrets in ${file}; provide one or leave the setting out`);
  const key = text.trim().toLowerCase();
  if (!HEX_KEY.test(key)) throw new Error(`${file} does not hold a key for secrets: 64 hex digits`);
  return new Secret(key);
}
