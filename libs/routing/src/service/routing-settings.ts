import { defineSettings } from '@slipway/platform';
import { z } from 'zod';
import { DEFAULT_LIMITS, type RoutingLimits } from '../domain/limits.ts';

const whole = z.coerce.number().int();

/** Settings of the router; flat, so that a process that hosts several services can join them. */
export const routingSettings = defineSettings({
  'routing.assignment-ms': {
    schema: whole.min(1_000).max(30 * 24 * 3_600_000),
    default: DEFAULT_LIMITS.assignmentMs,
    doc: 'Milliseconds of the wall clock for which a signed assignment is good.',
  },
  'routing.exposure-cache-max': {
    schema: whole.min(1).max(10_000_000),
    default: DEFAULT_LIMITS.exposureCacheMax,
    doc: 'First exposures that a process remembers, so that units that come back cost no write; near 300 bytes each.',
  },
  'routing.analyze-every-ms': {
    schema: whole.min(100).max(24 * 3_600_000),
    default: DEFAULT_LIMITS.analyzeEveryMs,
    doc: 'Milliseconds between two looks at running experiments that are not manual.',
  },
});

/** @param get reads one setting, e.g. `(key) => config.get(key)`. */
export const readRoutingLimits = (get: (key: keyof typeof routingSettings) => number): RoutingLimits =>
  Object.freeze({
    assignmentMs: get('routing.assignment-ms'),
    exposureCacheMax: get('routing.exposure-cache-max'),
    analyzeEveryMs: get('routing.analyze-every-ms'),
  });
