import type { RunProjection__Output } from '@slipway/contracts/slipway.tracking.v1';
import { EVERYTHING, type KeyChoice, type RunProjection } from '../domain/run-projection.ts';

const choiceOf = (keys: readonly string[]): KeyChoice =>
  keys.length === 1 && keys[0] === '*' ? 'all' : [...new Set(keys)];

/** Absent is everything. */
export const projectionOf = (message: RunProjection__Output | null | undefined): RunProjection =>
  message
    ? {
        metrics: choiceOf(message.metrics),
        params: choiceOf(message.params),
        tags: choiceOf(message.tags),
        inputs: message.inputs,
      }
    : EVERYTHING;
