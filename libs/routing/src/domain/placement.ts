import { UnsupportedError } from '@slipway/kernel';
import { bucketOf, murmur3 } from '@slipway/stats';
import { HASH_VERSION, SHARE_TOTAL } from './routing-experiment.ts';

const ENCODER = new TextEncoder();

/**
 * Where units lie for one experiment: a function from unit hash to a place from 0 to 999, the same for ever and everywhere. Hash version 1 is
 * `(murmur3(salt + unit hash) * 1000) >> 32` on UTF-8 bytes with seed 0, in whole numbers, as flagd's fractional evaluation does it. The second arm
 * has the places below its share: a share that grows never takes a unit from it.
 * @throws {UnsupportedError} on a hash version of a later release.
 */
export function createPlacement(salt: string, hashVersion: number): (unitHash: string) => number {
  if (hashVersion !== HASH_VERSION) {
    throw new UnsupportedError(`this release does not know hash version ${hashVersion} of experiments`);
  }
  const start = ENCODER.encode(salt);
  const bytes = new Uint8Array(start.length + UNIT_HASH_DIGITS);
  bytes.set(start);
  return (unitHash) => {
    // a unit hash is 64 ASCII digits: written in place, one call in a microsecond needs no other buffer
    for (let at = 0; at < UNIT_HASH_DIGITS; at += 1) bytes[start.length + at] = unitHash.charCodeAt(at);
    return bucketOf(murmur3(bytes), SHARE_TOTAL);
  };
}

const UNIT_HASH_DIGITS = 64;
