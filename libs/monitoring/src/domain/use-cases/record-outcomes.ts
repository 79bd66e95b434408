import { createHash } from 'node:crypto';
import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import { encodeOutcomeBlock } from '../blocks/outcome-block.ts';
import { dayOf, type Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import { monitorNotFound } from '../errors.ts';
import type { Call } from '../unit-of-work.ts';

const METHOD = 'monitoring.RecordOutcomes';

/** What really happened; columns of the same length. */
export interface RecordOutcomes {
  readonly objective: string;
  readonly predictionIds: readonly string[];
  /** 0 or 1. */
  readonly labels: readonly number[];
  /** Microseconds, UTC; exact in a double. */
  readonly observed: readonly number[];
  readonly requestId: string;
}

/**
 * Keeps outcomes, whether or not their predictions are known. Durable when it resolves; the same content again changes nothing.
 * @returns rows kept by this call or an equal one before it.
 * @throws {NotFoundError} reason MONITOR_NOT_FOUND. @throws {InvalidArgumentError}
 */
export async function recordOutcomes(
  call: Call,
  request: RecordOutcomes,
  { unitOfWork, ids }: Pick<MonitoringDependencies, 'unitOfWork' | 'ids'>,
): Promise<number> {
  assertOutcomes(request);
  const { objective, predictionIds, observed, requestId } = request;
  const digest = digestOf(request);
  const blocks = blocksOf(request, digest);
  await unitOfWork.run(call, (tx) =>
    tx.once(METHOD, requestId, { objective, digest }, async () => {
      if (!(await tx.monitors.get(objective))) throw monitorNotFound(objective);
      let isNew = false;
      for (const block of blocks) isNew = (await tx.blocks.addOutcomes({ ...block, arrival: ids.next() })) || isNew;
      if (!isNew) return;
      tx.events.add({
        kind: 'outcomes-observed',
        objective,
        outcomes: predictionIds.length,
        firstObserved: BigInt(Math.min(...observed)),
        lastObserved: BigInt(Math.max(...observed)),
        principal: call.caller.principal,
      });
    }),
  );
  return predictionIds.length;
}

function assertOutcomes({ predictionIds, labels, observed }: RecordOutcomes): void {
  const rows = predictionIds.length;
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string) => violations.push({ field, description });
  if (labels.length !== rows)
    refuse('labels', `has ${labels.length} entries for ${rows} predictions; give one for each`);
  if (observed.length !== rows) refuse('observed_micros', `has ${observed.length} entries for ${rows} predictions; give one for each`); // prettier-ignore
  const empty = predictionIds.indexOf('');
  if (empty >= 0) refuse(`prediction_ids[${empty}]`, 'is empty');
  const label = labels.findIndex((each) => each !== 0 && each !== 1);
  if (label >= 0) refuse(`labels[${label}]`, 'must be 0 or 1');
  const time = observed.findIndex((each) => !Number.isSafeInteger(each));
  if (time >= 0) refuse(`observed_micros[${time}]`, 'must be microseconds since 1970, below 2^53');
  if (violations.length > 0) throw new InvalidArgumentError(violations);
}

function digestOf({ objective, predictionIds, labels, observed }: RecordOutcomes): string {
  return createHash('sha256')
    .update(JSON.stringify([objective, predictionIds, labels, observed]))
    .digest('hex');
}

/** One block for each day of observation. */
function blocksOf({ objective, predictionIds, labels, observed }: RecordOutcomes, digest: string) {
  const rowsOfDay = new Map<Day, number[]>();
  observed.forEach((time, row) => {
    const day = dayOf(BigInt(time));
    const rows = rowsOfDay.get(day);
    if (rows) rows.push(row);
    else rowsOfDay.set(day, [row]);
  });
  return [...rowsOfDay].map(([day, rows]) => ({
    objective,
    day,
    contentId: digest,
    rows: rows.length,
    payload: encodeOutcomeBlock({
      ids: rows.map((row) => predictionIds[row] ?? ''),
      labels: Uint8Array.from(rows, (row) => labels[row] ?? 0),
      observed: Float64Array.from(rows, (row) => observed[row] ?? 0),
    }),
  }));
}
