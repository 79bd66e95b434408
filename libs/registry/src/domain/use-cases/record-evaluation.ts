import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { RegistryDependencies } from '../dependencies.ts';
import { boundReached } from '../errors.ts';
import { NEWEST_METRICS_MAX, type Evaluation } from '../evaluation.ts';
import { findVersion, lockModel } from '../lookup.ts';
import type { Call, RegistryTransaction } from '../unit-of-work.ts';

export interface RecordEvaluation {
  readonly model: string;
  readonly version: bigint;
  readonly dataset: string;
  readonly datasetSha256: string;
  readonly rows: bigint;
  readonly metrics: Readonly<Record<string, number>>;
  readonly requestId: string;
}

type EvaluationDraft = Omit<RecordEvaluation, 'requestId'>;

const METRIC_NAME_BYTES_MAX = 256;

/**
 * Keeps how a version did on a dataset; for gates the newest value of a metric and dataset counts.
 * @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND. @throws {InvalidArgumentError} on a metric without a finite value.
 */
export async function recordEvaluation(
  call: Call,
  { requestId, ...request }: RecordEvaluation,
  { unitOfWork, ids }: RegistryDependencies,
): Promise<Evaluation> {
  assertMetrics(request.metrics);
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.RecordEvaluation', requestId, request, async () => {
      const { model: name, version } = request;
      const model = await lockModel(tx, name);
      await findVersion(tx, name, version);
      await assertRoom(tx, request);
      const sequence = model.lastSequence + 1n;
      const { principal } = call.caller;
      const evaluation: Evaluation = { ...request, id: ids.next(), sequence, principal, time: tx.now };
      await tx.models.update({ ...model, lastSequence: sequence });
      await tx.evaluations.add(evaluation);
      const resource = `models/${name}/versions/${version}`;
      tx.audit.add({ action: 'registry.evaluations.record', resource, details: { dataset: request.dataset } });
      return evaluation;
    }),
  );
}

function assertMetrics(metrics: Readonly<Record<string, number>>): void {
  const violations = Object.entries(metrics).flatMap(([name, value]): FieldViolation[] => {
    const bytes = Buffer.byteLength(name);
    if (bytes < 1 || bytes > METRIC_NAME_BYTES_MAX || name === '__proto__') {
      return [{ field: 'metrics', description: `a name must have 1 to ${METRIC_NAME_BYTES_MAX} bytes` }];
    }
    return Number.isFinite(value) ? [] : [{ field: `metrics.${name}`, description: 'must be finite' }];
  });
  if (Object.keys(metrics).length === 0) violations.push({ field: 'metrics', description: 'must not be empty' });
  if (violations.length > 0) throw new InvalidArgumentError(violations);
}

async function assertRoom(
  tx: RegistryTransaction,
  { model, version, dataset, metrics }: EvaluationDraft,
): Promise<void> {
  const newest = await tx.evaluations.newest(model, version);
  const known = new Set(newest.filter((each) => each.dataset === dataset).map(({ metric }) => metric));
  const added = Object.keys(metrics).filter((metric) => !known.has(metric)).length;
  if (newest.length + added <= NEWEST_METRICS_MAX) return;
  throw boundReached(
    'MODEL_EVALUATIONS_MAX',
    `version ${version} of model '${model}' has ${newest.length} pairs of metric and dataset; at most ${NEWEST_METRICS_MAX} are kept`,
    { model, version: version.toString() },
  );
}
