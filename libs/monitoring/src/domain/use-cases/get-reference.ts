import { DEFAULT_FALSE_ALARM_DAYS } from '../monitor.ts';
import { referenceMissing } from '../errors.ts';
import type { Reference } from '../reference/references.ts';
import type { Call } from '../unit-of-work.ts';
import type { EvaluationDependencies } from './evaluate-windows.ts';
import { getMonitor } from './read-monitors.ts';

export interface ReferenceOfVersion {
  /** Text of `profile.json`. */
  readonly json: string;
  readonly reference: Reference;
}

/**
 * The reference of a version and its own thresholds.
 * @param objective whose budget of false alarms counts; empty for the default.
 * @throws {FailedPreconditionError} reason REFERENCE_MISSING, saying why. @throws {NotFoundError} when there is no such version or monitor.
 */
export async function getReference(
  call: Call,
  { model, version, objective }: { readonly model: string; readonly version: number; readonly objective: string },
  deps: EvaluationDependencies,
  signal: AbortSignal,
): Promise<ReferenceOfVersion> {
  const days = objective === '' ? DEFAULT_FALSE_ALARM_DAYS : (await getMonitor(call, objective, deps)).falseAlarmDays;
  const found = await deps.profiles.get(call.caller.workspace, { model, version, digest: '' }, signal);
  if (!found.profile) throw referenceMissing(model, version, found.why);
  return { json: found.json, reference: deps.references.of(found.profile, days) };
}
