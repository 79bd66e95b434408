import { DomainError, type ErrorKind, type Micros } from '@slipway/kernel';
import { INTERRUPTIONS_MAX, MESSAGE_BYTES_MAX, type PipelineLimits } from '../limits.ts';
import type { StepSpec } from '../pipeline.ts';
import type { RunStep } from '../run.ts';
import type { StepResult } from '../step-kind.ts';

/** Somebody has to change something before these can end otherwise. */
const PERMANENT: ReadonlySet<ErrorKind> = new Set([
  'invalid-argument',
  'not-found',
  'already-exists',
  'failed-precondition',
  'unauthenticated',
  'denied',
  'unsupported',
  'data-loss',
]);
const BACKOFF_FACTOR_MAX = 100;

export const beginStep = (step: RunStep, { timeoutMs }: StepSpec, now: Micros): RunStep => ({
  ...step,
  state: 'running',
  attempts: step.attempts + 1,
  message: '',
  startTime: step.startTime ?? now,
  endTime: undefined,
  deadline: step.deadline ?? now + BigInt(timeoutMs) * 1000n,
});

export const succeedStep = (step: RunStep, { message, ...result }: StepResult, now: Micros): RunStep => ({
  ...step,
  state: 'succeeded',
  result,
  message: cut(message),
  endTime: now,
});

/** After a failed attempt: to be begun again, or failed for good. */
export function failStep(
  step: RunStep,
  { attempts }: Pick<StepSpec, 'attempts'>,
  error: unknown,
  now: Micros,
  { backoffMs }: Pick<PipelineLimits, 'backoffMs'>,
): RunStep {
  const failures = step.failures + 1;
  const message = messageOf(error);
  const isPermanent = error instanceof DomainError && (PERMANENT.has(error.kind) || error.reason === 'STEP_DEADLINE');
  const waitMs = backoffMs * Math.min(2 ** (failures - 1), BACKOFF_FACTOR_MAX);
  const retryAt = now + BigInt(waitMs) * 1000n;
  const isLate = step.deadline !== undefined && retryAt >= step.deadline;
  if (isPermanent || failures >= attempts || isLate)
    return { ...step, state: 'failed', failures, message, endTime: now };
  const again = cut(`attempt ${failures} of ${attempts} failed, it is tried again: ${message}`);
  return { ...step, state: 'pending', failures, message: again, retryAt };
}

/** Its process is gone: it is begun again, unless it seems to be what ends them. */
export function interruptStep(step: RunStep, now: Micros): RunStep {
  if (step.attempts - step.failures > INTERRUPTIONS_MAX) {
    const message = `STEP_INTERRUPTED: ${INTERRUPTIONS_MAX} processes ended while they worked on it`;
    return { ...step, state: 'failed', message, endTime: now };
  }
  return { ...step, state: 'pending', message: 'the process that worked on it ended; it is begun again', retryAt: 0n };
}

/** The process stops in good order: the attempt does not count. */
export const giveBackStep = (step: RunStep): RunStep => ({
  ...step,
  state: 'pending',
  attempts: step.attempts - 1,
  message: 'the process that worked on it stopped; another one goes on',
});

export const cancelStep = (step: RunStep, now: Micros): RunStep => ({
  ...step,
  state: 'cancelled',
  message: 'the run was cancelled',
  endTime: now,
});

export const skipStep = (step: RunStep, now: Micros): RunStep => ({
  ...step,
  state: 'skipped',
  message: 'a step before it did not succeed',
  endTime: now,
});

/** The reason and words of a domain error; nothing of a bug, which is in the log. */
const messageOf = (error: unknown): string =>
  error instanceof DomainError ? cut(`${error.reason}: ${error.message}`) : 'INTERNAL: internal error';

/** As many whole characters as fit; PostgreSQL keeps no NUL. */
export function cut(text: string): string {
  const clean = text.replaceAll('\0', '').toWellFormed();
  const bytes = new TextEncoder().encode(clean);
  if (bytes.length <= MESSAGE_BYTES_MAX) return clean;
  return new TextDecoder().decode(bytes.subarray(0, MESSAGE_BYTES_MAX - 4)).replace(/\uFFFD+$/u, '') + '…';
}
