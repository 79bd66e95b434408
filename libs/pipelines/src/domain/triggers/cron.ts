import type { Micros } from '@slipway/kernel';
import { Cron } from 'croner';

const FIVE_FIELDS = /^\s*(\S+\s+){4}\S+\s*$/;
/** A yearly tick is found within it; a day that never comes is not. */
const toDate = (micros: Micros): Date => new Date(Number(micros / 1000n));

/** A schedule in UTC. @returns undefined when it is none: five fields, minute to weekday. */
function read(expression: string): Cron | undefined {
  if (!FIVE_FIELDS.test(expression)) return undefined;
  try {
    return new Cron(expression, { paused: true, timezone: 'UTC' });
  } catch {
    return undefined;
  }
}

/** What is wrong with a schedule, or undefined. */
export function cronProblem(expression: string): string | undefined {
  const cron = read(expression);
  if (!cron) return "must be five fields 'minute hour day month weekday', e.g. '0 3 * * *' for 03:00 UTC";
  return cron.nextRun(new Date(0)) ? undefined : 'names a time that never comes';
}

/** First tick after a moment; undefined when there is none. */
export function nextTick(expression: string, after: Micros): Micros | undefined {
  const next = read(expression)?.nextRun(toDate(after));
  return next ? BigInt(next.getTime()) * 1000n : undefined;
}

/** Last tick at or before a moment, not before another one. */
export function lastTick(expression: string, notBefore: Micros, until: Micros): Micros | undefined {
  const [previous] = read(expression)?.previousRuns(1, toDate(until + 1_000_000n)) ?? [];
  const micros = previous ? BigInt(previous.getTime()) * 1000n : undefined;
  return micros !== undefined && micros >= notBefore && micros <= until ? micros : undefined;
}
