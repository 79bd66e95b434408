import { murmur3 } from './murmur3.ts';

/** Unleash's seed for the choice of a variant; rollouts use 0. */
export const UNLEASH_VARIANT_SEED = 86_028_157;

/** Unleash's place of a unit: 1 to `total`, from the Murmur3 hash of `group:unit`. @param total integer, at least 1. */
export function unleashPlace(group: string, unit: string, total = 100, seed = 0): number {
  return (murmur3(`${group}:${unit}`, seed) % total) + 1;
}
