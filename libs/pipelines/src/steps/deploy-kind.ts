import { z } from 'zod';
import { stepRefused } from '../domain/errors.ts';
import { MINUTE_MS, stepKind, type Fillable, type StepContext, type StepKind } from '../domain/step-kind.ts';
import { modelName, moment, name, timestampOf, version } from './fields.ts';
import { present, within, type PipelineClients } from './services.ts';

const move = (value: Fillable) =>
  z.strictObject({ model: value(modelName), version: value(version), alias: value(name) });

const arm = (value: Fillable) => z.strictObject({ name: value(name), model: value(modelName), alias: value(name) });

const count = (value: Fillable, max: number) => value(z.number().int().min(0).max(max)).default(0);

const canary = (value: Fillable) =>
  z.strictObject({
    name: value(name),
    objective: value(name),
    /** The first is what answers now. */
    arms: z.array(arm(value)).length(2),
    metric: value(name).default('log_loss'),
    /** Alias that moves to the version that won. */
    alias: value(z.string().max(128)).default(''),
    alpha: value(z.number().min(0).max(1)).default(0),
    daysMin: count(value, 365),
    daysMax: count(value, 365),
    coverageMin: value(z.number().min(0).max(1)).default(0),
    steps: z
      .array(value(z.number().int().min(1).max(1_000)))
      .max(20)
      .default([]),
    stepDays: count(value, 365),
    guardrailDays: count(value, 36_500),
    salt: value(z.string().max(128)).default(''),
    startTime: value(moment).optional(),
    manual: value(z.boolean()).default(false),
  });

const schema = (value: Fillable) => z.strictObject({ move: move(value).optional(), canary: canary(value).optional() });
type Input = z.output<ReturnType<typeof schema>>;

/** Moves an alias, begins a canary, or both in this order. The registry asks gates and approvals again when the alias moves. */
export const deployKind = (clients: Pick<PipelineClients, 'registry' | 'routing'>): StepKind =>
  stepKind<Input>({
    kind: 'deploy',
    timeoutMs: 10 * MINUTE_MS,
    results: ['alias_revision', 'experiment'],
    schema,
    execute: async (input, context) => {
      if (!input.move && !input.canary) throw stepRefused('DATA_INVALID', "name a 'move', a 'canary' or both");
      const moved = input.move ? await moveAlias(clients, input.move, context) : undefined;
      const begun = input.canary ? await beginCanary(clients, input.canary, context) : undefined;
      return {
        alias_revision: moved?.revision ?? '',
        experiment: begun?.id ?? '',
        message: [moved?.told, begun?.told].filter((text) => text !== undefined).join('; '),
      };
    },
  });

async function moveAlias(
  { registry }: Pick<PipelineClients, 'registry'>,
  { model, version: wanted, alias }: NonNullable<Input['move']>,
  context: StepContext,
): Promise<{ revision: string; told: string }> {
  const request = { model, alias, version: wanted, request_id: `${context.key}-move` };
  const { alias: now } = await within(registry, context).moveAlias(request);
  return { revision: now?.revision ?? '', told: `'${alias}' of '${model}' names version ${wanted}` };
}

async function beginCanary(
  { routing }: Pick<PipelineClients, 'routing'>,
  asked: NonNullable<Input['canary']>,
  context: StepContext,
): Promise<{ id: string; told: string }> {
  const { experiment } = await within(present(routing, 'experiment router'), context).createRoutingExperiment({
    name: asked.name,
    objective: asked.objective,
    kind: 'EXPERIMENT_KIND_CANARY',
    arms: asked.arms.map(({ name: armName, model, alias }) => ({
      name: armName,
      deployment: { model, alias },
      weight: 0,
    })),
    policy: {
      metric: asked.metric,
      alias: asked.alias,
      alpha: asked.alpha,
      days_min: asked.daysMin,
      days_max: asked.daysMax,
      coverage_min: asked.coverageMin,
      steps: [...asked.steps],
      step_days: asked.stepDays,
      guardrail_days: asked.guardrailDays,
    },
    salt: asked.salt,
    manual: asked.manual,
    ...(asked.startTime === undefined ? {} : { start_time: timestampOf(asked.startTime) }),
    request_id: `${context.key}-canary`,
  });
  if (!experiment) throw new Error('the router answered without an experiment');
  return { id: experiment.id, told: `canary '${asked.name}' of '${asked.objective}' has begun` };
}
