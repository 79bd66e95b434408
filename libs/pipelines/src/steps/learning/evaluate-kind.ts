import { recordQuality } from '@slipway/training-run';
import { z } from 'zod';
import { stepRefused } from '../../domain/errors.ts';
import { HOUR_MS, stepKind, type Fillable, type StepKind } from '../../domain/step-kind.ts';
import { column, moment, name, sha256, version } from '../fields.ts';
import { within } from '../services.ts';
import { featureColumn } from '../training-set/training-query.ts';
import { judgeModel, metricsText } from './judge-version.ts';
import { readSet, rowsBetween } from './learning-tables.ts';
import { downloadModel } from './model-package.ts';
import type { LearningParts } from './train-kind.ts';

const schema = (value: Fillable) =>
  z.strictObject({
    model: value(name),
    /** One of both. */
    version: value(version).optional(),
    alias: value(name).optional(),
    set: value(sha256),
    window: z.strictObject({ from: value(moment), until: value(moment) }).optional(),
    target: value(column),
    task: value(z.enum(['binary-classification', 'regression'])).default('binary-classification'),
    /** Name of the evaluation; gates compare evaluations of one name. */
    dataset: value(z.string().min(1).max(256)),
  });
type Input = z.output<ReturnType<typeof schema>>;

/** Judges a version on rows and records it. */
export const evaluateKind = ({ clients, sets, runtime, trustedKeys }: Omit<LearningParts, 'trainer'>): StepKind =>
  stepKind<Input>({
    kind: 'evaluate',
    timeoutMs: HOUR_MS,
    results: ['version', 'dataset', 'rows', 'auc', 'log_loss', 'rmse', 'r2'],
    schema,
    execute: async (input, context) => {
      const registry = within(clients.registry, context);
      const { model, alias } = input;
      if ((input.version === undefined) === (alias === undefined))
        throw stepRefused('DATA_INVALID', "name either a 'version' or an 'alias'");
      const asked = input.version ?? (await registry.getModelVersion({ model, alias: alias ?? '' })).version?.version;
      if (asked === undefined) throw new Error('the registry answered without a version');
      const found = await downloadModel(
        registry,
        { workspace: context.workspace, model, version: asked },
        trustedKeys(),
      );
      const columns = [...found.features.map(featureColumn), input.target];
      const at = { workspace: context.workspace, id: input.set, columns, signal: context.signal };
      const table = rowsBetween(await readSet(sets, at), input.window?.from, input.window?.until);
      if (table.rows === 0) throw stepRefused('DATA_INVALID', 'the training set has no row of that time');
      const judged = { task: input.task, target: input.target, table };
      const metrics = await judgeModel(runtime, found, judged, context.signal);
      const dataset = { name: input.dataset, id: input.set, rows: table.rows };
      await recordQuality(registry, { model, version: asked, requestId: `${context.key}-quality` }, dataset, metrics);
      return {
        ...metrics,
        version: asked,
        dataset: input.dataset,
        rows: table.rows,
        message: `version ${asked} of '${model}' on ${table.rows} rows: ${metricsText(metrics)}`,
      };
    },
  });
