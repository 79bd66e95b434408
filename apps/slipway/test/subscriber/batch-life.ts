import type { Client } from '@slipway/clients';
import type { BatchService, PipelineService } from '@slipway/contracts/slipway.batch.v1';
import { until } from '../story/story.ts';
import { MODEL } from '../story/story-model.ts';

const PIPELINE = `
apiVersion: slipway.pipeline/v1
kind: Pipeline
name: nightly
steps:
  - { name: check, kind: validate, with: { source: delays, until: '2001-05-01', rowsMin: 1 } }
`;

/** The rows of the source `delays`, scored and kept by key: the job, its position and its stored predictions have an event each. */
export async function liveThroughScoring(jobs: Client<BatchService>): Promise<void> {
  const { job } = await jobs.createScoringJob({
    plan: {
      consumer: 'nightly',
      source: 'delays',
      model: `${MODEL}@champion`,
      request_columns: { 'request:x': 'delay' },
      passthrough: ['origin', 'at'],
      online: { table: 'late', keys: ['origin'] },
    },
  });
  await until('the end of the job', async () => {
    const { job: now } = await jobs.getScoringJob({ id: job?.id ?? '' });
    if (now?.error_message) throw new Error(now.error_message);
    return now?.state === 'SCORING_JOB_STATE_DONE';
  });
}

/** A run of one step, from its beginning to its end. */
export async function liveThroughPipeline(pipelines: Client<PipelineService>): Promise<void> {
  await pipelines.applyPipeline({ content: PIPELINE });
  const { run } = await pipelines.startPipelineRun({ pipeline: 'nightly' });
  await until('the end of the run', async () => {
    const { run: now } = await pipelines.getPipelineRun({ id: run?.id ?? '' });
    if (now?.state === 'PIPELINE_RUN_STATE_FAILED') throw new Error(now.steps[0]?.message);
    return now?.state === 'PIPELINE_RUN_STATE_SUCCEEDED';
  });
}
