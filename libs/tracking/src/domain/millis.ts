import type { Micros } from '@slipway/kernel';

/** Milliseconds since 1970, as clients of tracking send them; 64 bits. */
export type Millis = bigint;

export const toMillis = (micros: Micros): Millis => micros / 1000n;
