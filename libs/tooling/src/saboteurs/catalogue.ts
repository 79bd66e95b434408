import type { Saboteur } from './saboteur.ts';

/** Every guard whose loss a suite must notice. */
export const SABOTEURS: readonly Saboteur[] = [];
