import { defineSettings } from '@slipway/platform';
import { z } from 'zod';
import { DEFAULT_LIMITS, type PipelineLimits } from '../domain/limits.ts';

const whole = z.coerce.number().int();

/** Settings of pipelines; flat, so that a process that hosts several services can join them. */
export const pipelinesSettings = defineSettings({
  'pipelines.lease-ms': {
    schema: whole.min(1_000).max(600_000),
    default: DEFAULT_LIMITS.leaseMs,
    doc: 'Milliseconds after which another process takes over the runs of one that died.',
  },
  'pipelines.poll-ms': {
    schema: whole.min(10).max(60_000),
    default: DEFAULT_LIMITS.pollMs,
    doc: 'Milliseconds between two looks for new runs, due triggers and cancels.',
  },
  'pipelines.runs-max': {
    schema: whole.min(1).max(1_000),
    default: DEFAULT_LIMITS.runsMax,
    doc: 'Runs that this process drives at once; others wait.',
  },
  'pipelines.steps-max': {
    schema: whole.min(1).max(100),
    default: DEFAULT_LIMITS.stepsMax,
    doc: 'Steps of one run that are active at once.',
  },
  'pipelines.backoff-ms': {
    schema: whole.min(1).max(600_000),
    default: DEFAULT_LIMITS.backoffMs,
    doc: 'Milliseconds until a failed step is tried again; doubles up to a hundred times that.',
  },
  'pipelines.commands': {
    schema: z.string().max(4096),
    default: '',
    doc: 'YAML file of the programs that steps of kind command may run, by name; empty for none.',
  },
});

/** @param get reads one setting, e.g. `(key) => config.get(key)`. */
export const readPipelineLimits = (
  get: (key: Exclude<keyof typeof pipelinesSettings, 'pipelines.commands'>) => number,
): PipelineLimits =>
  Object.freeze({
    leaseMs: get('pipelines.lease-ms'),
    pollMs: get('pipelines.poll-ms'),
    runsMax: get('pipelines.runs-max'),
    stepsMax: get('pipelines.steps-max'),
    backoffMs: get('pipelines.backoff-ms'),
  });
