import type { TrackingDependencies } from '../dependencies.ts';
import { batchTooLarge, paramChanged } from '../errors.ts';
import type { Tags } from '../experiment.ts';
import { entryViolations, keyProblem, refuseAny } from '../keys.ts';
import {
  BATCH_ENTRIES_MAX,
  BATCH_METRICS_MAX,
  BATCH_PARAMS_MAX,
  BATCH_TAGS_MAX,
  cutTo,
  PARAM_VALUE_CHARS_MAX,
  RUN_TAG_CHARS_MAX,
} from '../limits.ts';
import { assertLoggedModels, holdActiveRun, lockRun, runResource } from '../lookup.ts';
import { assertTimestamp, subjectsOf, type MetricPoint } from '../metric.ts';
import { assertActive, RUN_NAME_TAG, type Run } from '../run.ts';
import type { Call, TrackingTransaction } from '../unit-of-work.ts';

export interface LogBatch {
  readonly runId: string;
  readonly metrics: readonly MetricPoint[];
  readonly params: Tags;
  readonly tags: Tags;
  /** Cuts values of parameters and tags that are too long; else they are refused. */
  readonly truncateLongValues?: boolean;
}

const cutValues = (entries: Tags, charsMax: number): Tags =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, cutTo(value, charsMax)]));

const cutBatch = (batch: LogBatch): LogBatch => ({
  ...batch,
  params: cutValues(batch.params, PARAM_VALUE_CHARS_MAX),
  tags: cutValues(batch.tags, RUN_TAG_CHARS_MAX),
});

function assertSizes({ metrics, params, tags }: LogBatch): void {
  const counts = { metrics: metrics.length, params: Object.keys(params).length, tags: Object.keys(tags).length };
  if (counts.metrics > BATCH_METRICS_MAX) throw batchTooLarge('metrics', 'metrics', counts.metrics, BATCH_METRICS_MAX);
  if (counts.params > BATCH_PARAMS_MAX) throw batchTooLarge('params', 'params', counts.params, BATCH_PARAMS_MAX);
  if (counts.tags > BATCH_TAGS_MAX) throw batchTooLarge('tags', 'tags', counts.tags, BATCH_TAGS_MAX);
  const total = counts.metrics + counts.params + counts.tags;
  if (total > BATCH_ENTRIES_MAX) throw batchTooLarge('metrics', 'metrics, params, and tags', total, BATCH_ENTRIES_MAX);
}

function assertEntries({ metrics, params, tags }: LogBatch): void {
  refuseAny([
    ...metrics.flatMap(({ key }, index) => {
      const description = keyProblem('metric', key);
      return description === undefined ? [] : [{ field: `metrics[${index}].key`, description }];
    }),
    ...entryViolations('param', params, 'params', PARAM_VALUE_CHARS_MAX),
    ...entryViolations('tag', tags, 'tags', RUN_TAG_CHARS_MAX),
  ]);
  metrics.forEach(({ timestamp }, index) => assertTimestamp(timestamp, `metrics[${index}].timestamp`));
}

/** A batch that names the run changes it, others only keep it from being deleted. */
async function takeRun(tx: TrackingTransaction, { runId, tags }: LogBatch): Promise<Run> {
  const name = tags[RUN_NAME_TAG];
  if (name === undefined) return holdActiveRun(tx, runId);
  const run = await lockRun(tx, runId);
  assertActive(run);
  if (run.name !== name) await tx.runs.update({ ...run, name });
  return run;
}

/**
 * Stores all of it or nothing.
 * @throws {NotFoundError} reason RUN_NOT_FOUND or LOGGED_MODEL_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE.
 * @throws {InvalidArgumentError} reason BATCH_TOO_LARGE, ENTRY_INVALID or PARAM_CHANGED.
 */
export async function logBatch(call: Call, given: LogBatch, { unitOfWork }: TrackingDependencies): Promise<void> {
  const batch = given.truncateLongValues === true ? cutBatch(given) : given;
  assertSizes(batch);
  assertEntries(batch);
  const modelIds = subjectsOf(batch.metrics, 'metrics');
  const { runId, metrics, params, tags } = batch;
  await unitOfWork.run(call, async (tx) => {
    const run = await takeRun(tx, batch);
    await assertLoggedModels(tx, modelIds);
    const stored = await tx.params.add(runId, params);
    for (const [key, value] of Object.entries(params)) {
      const known = stored[key];
      if (known !== undefined && known !== value) throw paramChanged(runId, key, known, value);
    }
    await tx.tags.put(runId, tags);
    await tx.metrics.append([{ runId, points: metrics }]);
    const [paramKeys, tagKeys] = [Object.keys(params), Object.keys(tags)];
    if (paramKeys.length + tagKeys.length === 0) return; // points come by the million and say themselves when
    const details = { params: paramKeys.join(', ').slice(0, 8_192), tags: tagKeys.join(', ').slice(0, 8_192) };
    tx.audit.add({ action: 'tracking.runs.log', resource: runResource(run), details });
  });
}
