import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@slipway/kernel';

/**
 * A long computation in short pieces, each well under 10 ms. What it yields is the number of units (rows, mostly) done in the piece.
 * Written as a plain generator, so that the arithmetic stays free of waiting; `runSteps` adds that, `runAtOnce` does without.
 */
export type Steps<Result> = Generator<number, Result, void>;

export interface Pace {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called after each piece with the units done in it. */
  readonly onStep?: (units: number) => void;
}

/** Longest stretch without giving other work on this thread its turn, plus one piece. */
const STRETCH_MS = 15;

/** Runs to the end, letting the event loop turn every 15 ms or so. @throws the signal's reason as soon as it aborts. */
export async function runSteps<Result>(steps: Steps<Result>, { clock, signal, onStep }: Pace): Promise<Result> {
  signal.throwIfAborted();
  let resumedAt = clock.monotonicMs();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    onStep?.(step.value);
    if (clock.monotonicMs() - resumedAt < STRETCH_MS) continue;
    await nextTurn();
    signal.throwIfAborted();
    resumedAt = clock.monotonicMs();
  }
}

/** Runs to the end without a pause; for small inputs. */
export function runAtOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
