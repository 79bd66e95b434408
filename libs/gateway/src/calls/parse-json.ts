import { InvalidArgumentError } from '@slipway/kernel';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** @throws {InvalidArgumentError} on what is not UTF-8 or not JSON, without repeating any of it. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw InvalidArgumentError.of('request', 'is not JSON in UTF-8', { reason: 'JSON_INVALID' });
  }
}
