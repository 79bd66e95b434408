import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** Makes ids that sort by the time they were made (UUID version 7, RFC 9562). */
export interface IdSource {
  next(): string;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Ids of one source are strictly increasing: a counter breaks ties within a millisecond. */
export function createIdSource(clock: Clock, random: Random): IdSource {
  let lastMillis = -1n;
  let counter = 0;
  return {
    next: () => {
      const millis = clock.now() / 1000n;
      if (millis > lastMillis) {
        lastMillis = millis;
        counter = 0;
      } else if (++counter > 0xfff) {
        lastMillis += 1n; // 4096 ids in one millisecond: borrow the next one, order is kept
        counter = 0;
      }
      const time = lastMillis.toString(16).padStart(12, '0');
      const tail = random.bytes(8);
      tail[0] = ((tail[0] ?? 0) & 0x3f) | 0x80;
      const rest = hex(tail);
      return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${rest.slice(0, 4)}-${rest.slice(4)}`;
    },
  };
}
