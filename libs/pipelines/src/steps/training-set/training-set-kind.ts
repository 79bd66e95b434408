import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ScoringSet__Output } from '@slipway/contracts/slipway.features.v1';
import { canonicalJson, type JsonValue } from '@slipway/kernel';
import { z } from 'zod';
import { stepRefused } from '../../domain/errors.ts';
import { HOUR_MS, stepKind, type Fillable, type StepContext, type StepKind } from '../../domain/step-kind.ts';
import { column, moment, name, reference, timestampOf } from '../fields.ts';
import { finishedOperation } from '../finished-operation.ts';
import { within, type PipelineClients } from '../services.ts';
import { columnsOf, trainingQuery, type Derivation, type TrainingRows } from './training-query.ts';
import { writeRows, type TrainingSets } from './training-sets.ts';

const derivation = (value: Fillable) => {
  const one = <Name extends Derivation['function']>(name: Name) =>
    z
      .strictObject({ [name]: value(column) })
      .transform((found) => ({ function: name, column: (found as Record<string, string>)[name] ?? '' }));
  return z.union([one('hour'), one('weekday'), one('day'), one('number'), one('text')]);
};

const schema = (value: Fillable) =>
  z.strictObject({
    source: value(name),
    /** Column of the source with the event time. */
    eventTime: value(column),
    from: value(moment).optional(),
    until: value(moment),
    columns: z.array(value(column)).max(1_000).default([]),
    derive: z.record(column, derivation(value)).default({}),
    features: z.array(value(reference)).max(1_000).default([]),
    label: z.strictObject({
      name: value(column),
      column: value(column),
      greaterThan: value(z.number()).optional(),
    }),
  });
type Input = z.output<ReturnType<typeof schema>>;

/**
 * Rows of a source between two event times, with features as of each row's own time and what was known then, and what came of it. The feature store joins
 * them as a scoring set, by the same rules as training sets; the label is made of a column of the source, which the join never looks at.
 */
export const trainingSetKind = (
  clients: Pick<PipelineClients, 'features' | 'featureOperations'>,
  sets: TrainingSets,
): StepKind =>
  stepKind<Input>({
    kind: 'training_set',
    timeoutMs: HOUR_MS,
    results: ['id', 'uri', 'rows'],
    schema,
    execute: async (input, context) => {
      assertColumns(input);
      const scoring = await joined(clients, input, context);
      const rows: TrainingRows = {
        ...input,
        from: input.from,
        label: { ...input.label, greaterThan: input.label.greaterThan },
      };
      const id = idOf(scoring, rows);
      const made = await build(sets, { scoring, rows, id }, context);
      if (made === 0)
        throw stepRefused('DATA_INVALID', `source '${input.source}' has no row with a label in that time`);
      return {
        id,
        uri: sets.uriOf(context.workspace, id),
        rows: made,
        message: `${made} rows with ${columnsOf(rows).length} columns`,
      };
    },
  });

function assertColumns(input: Input): void {
  const names = columnsOf({ ...input, from: input.from, label: { ...input.label, greaterThan: undefined } }).map(
    (each) => each.toLowerCase(),
  );
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined)
    throw stepRefused('DATA_INVALID', `two columns would be named '${twice}'; derive one under another name`);
}

async function joined(
  { features, featureOperations }: Pick<PipelineClients, 'features' | 'featureOperations'>,
  input: Input,
  context: StepContext,
): Promise<ScoringSet__Output> {
  const store = within(features, context);
  const request = {
    // of this step of this run alone: nobody's position moves
    consumer: `${context.pipeline.slice(0, 40)}-${context.runId}-${context.step}`.slice(0, 128),
    source: input.source,
    features: [...input.features],
    before: timestampOf(input.until),
    ...(input.from === undefined ? {} : { from: timestampOf(input.from) }),
  };
  const json = await finishedOperation(
    featureOperations,
    async (request_id) => (await store.createScoringSet({ ...request, request_id })).operation,
    context,
  );
  const { id } = JSON.parse(json) as { id: string };
  const { scoring_set: set } = await store.getScoringSet({ id });
  if (!set) throw new Error('the feature store answered without a scoring set');
  return set;
}

/** The same rows made in the same way have the same id, whoever makes them. */
function idOf(scoring: ScoringSet__Output, rows: TrainingRows): string {
  const made = {
    ...rows,
    from: rows.from?.toString() ?? '',
    until: rows.until.toString(),
    label: { ...rows.label, greaterThan: rows.label.greaterThan ?? null },
  };
  const content = { rows: made as unknown as JsonValue, content: scoring.content_sha256, scoring: scoring.source };
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

async function build(
  sets: TrainingSets,
  { scoring, rows, id }: { readonly scoring: ScoringSet__Output; readonly rows: TrainingRows; readonly id: string },
  context: StepContext,
): Promise<number> {
  if (scoring.files.length === 0) return 0;
  const { workspace, signal } = context;
  return sets.withScratch(async (folder) => {
    const files: string[] = [];
    for (const [index, file] of scoring.files.entries()) {
      const path = join(folder, `${index}.parquet`);
      context.say(`reads file ${index + 1} of ${scoring.files.length}`);
      await sets.copy(file, path, signal);
      files.push(path);
    }
    const target = join(folder, 'training.parquet');
    const made = await writeRows(trainingQuery(rows, files, target), signal);
    if (made > 0) await sets.store(workspace, id, target, signal);
    return made;
  });
}
