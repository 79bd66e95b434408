import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PipelineRun__Output, PipelineStep__Output } from '@slipway/contracts/slipway.batch.v1';
import type { Stage } from '../stage.ts';
import { CHALLENGER } from './experiments.ts';

const PIPELINE = 'retrain';
const ENDED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 50;

/** The pipeline beside the program. */
function pipelineFile(): string {
  return join(
    import.meta.dirname,
    import.meta.filename.endsWith('.ts') ? '../../pipelines/retrain.yaml' : 'pipelines/retrain.yaml',
  );
}

/** Dataset of the evaluations that a backtest of the pipeline records. */
const BACKTEST = 'backtest';

/** From now on the pipeline begins by itself when drift is detected, and what it makes is judged by a backtest of its recipe. */
export async function applyPipeline({ alice, bob, model, attempt }: Stage): Promise<void> {
  const gate = {
    gate: 'metric',
    parameters: { metric: 'log_loss', dataset: BACKTEST, no_worse_than_current_by: '0', direction: 'lower' },
  };
  const policy = { model, alias: CHALLENGER, gates: [gate], approvals_required: 1 };
  await attempt(() => bob.registry.setAliasPolicy({ ...policy, request_id: `${model}-policy-challenger` }));
  const content = readFileSync(pipelineFile(), 'utf8').replaceAll('flight-delay', model);
  await attempt(() => alice.pipelines.applyPipeline({ content, request_id: `${model}-pipeline` }));
}

export interface Retrained {
  readonly version: string;
  /** Why the gate keeps it from being challenger; undefined when it does not. */
  readonly refusal: string | undefined;
  readonly runId: string;
  /** `step: what came out`, in order. */
  readonly steps: readonly string[];
}

/** Follows the run that an event began; bob approves when it waits for a second person. @throws {Error} when it fails, but for a gate that refuses. */
export async function followRetraining(stage: Stage): Promise<Retrained> {
  const giveUpAt = performance.now() + ENDED_WITHIN_MS;
  for (;;) {
    const run = await newestRun(stage);
    if (run) {
      sayProgress(stage, run);
      if (run.state === 'PIPELINE_RUN_STATE_WAITING') await approve(stage, run);
      const failed = run.steps.find(({ state }) => state === 'PIPELINE_STEP_STATE_FAILED');
      const isRefused = run.state === 'PIPELINE_RUN_STATE_FAILED' && failed?.kind === 'gate';
      if (run.state === 'PIPELINE_RUN_STATE_SUCCEEDED' || isRefused)
        return {
          version: versionOf(run),
          refusal: isRefused ? failed?.message : undefined,
          runId: run.id,
          steps: run.steps
            .filter(({ state }) => state !== 'PIPELINE_STEP_STATE_SKIPPED')
            .map(({ name, message }) => `${name}: ${message}`),
        };
      if (run.state === 'PIPELINE_RUN_STATE_FAILED' || run.state === 'PIPELINE_RUN_STATE_CANCELLED')
        throw new Error(`the retraining ended at step '${failed?.name ?? ''}': ${failed?.message ?? run.state}`);
    }
    if (performance.now() > giveUpAt) throw new Error(`the retraining did not end within ${ENDED_WITHIN_MS / 1000} s`);
    await delay(LOOK_EVERY_MS);
  }
}

async function newestRun(stage: Stage): Promise<PipelineRun__Output | undefined> {
  const { runs } = await stage.attempt(() =>
    stage.alice.pipelines.listPipelineRuns({ pipeline: PIPELINE, page_size: 1 }),
  );
  return runs[0];
}

function sayProgress({ screen }: Stage, { steps }: PipelineRun__Output): void {
  const current = steps.find(
    ({ state }) => state === 'PIPELINE_STEP_STATE_RUNNING' || state === 'PIPELINE_STEP_STATE_WAITING',
  );
  if (current) screen.progress(`retraining, ${current.name}: ${current.message}`);
}

async function approve(stage: Stage, run: PipelineRun__Output): Promise<void> {
  const { bob, model, attempt } = stage;
  const version = versionOf(run);
  await attempt(() =>
    bob.registry.approveModelVersion({
      model,
      version,
      alias: CHALLENGER,
      comment: 'no worse in the backtest of its recipe',
      request_id: `${model}-approve-${version}-retrained`,
    }),
  );
}

function versionOf({ steps }: PipelineRun__Output): string {
  const train = steps.find(({ kind }) => kind === 'train');
  const version = (JSON.parse(resultOf(train)) as { version?: string | number }).version;
  if (version === undefined) throw new Error('the step that trains has no version in its result');
  return String(version);
}

const resultOf = (step: PipelineStep__Output | undefined): string => step?.result_json || '{}';
