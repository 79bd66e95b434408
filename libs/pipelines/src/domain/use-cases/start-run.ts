import { beginRun } from '../begin-run.ts';
import type { PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import { pipelineRunning } from '../errors.ts';
import { parametersOfRun } from '../parameters.ts';
import type { RunWithSteps } from '../run.ts';
import type { Call } from '../unit-of-work.ts';
import { currentPipeline } from './read-pipelines.ts';
import { getRun } from './read-runs.ts';

export interface StartRun {
  readonly pipeline: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly requestId: string;
}

/**
 * Begins a run of the pipeline in force.
 * @throws {NotFoundError} @throws {InvalidArgumentError} reason PIPELINE_PARAMETERS_INVALID. @throws {ExhaustedError} reason PIPELINE_RUNNING.
 */
export async function startRun(call: Call, started: StartRun, deps: PipelineDependencies): Promise<RunWithSteps> {
  const { pipeline, requestId } = started;
  const request = { pipeline, parameters: started.parameters };
  const { id } = await deps.unitOfWork.run(call, (tx) =>
    tx.once('batch.StartPipelineRun', requestId, request, async () => {
      const revision = await currentPipeline(tx, pipeline);
      await tx.pipelines.lock(pipeline);
      const spec = parsePipeline(revision.content, deps.vocabulary);
      const parameters = parametersOfRun(spec, started.parameters);
      const { length: active } = await tx.runs.active(pipeline);
      if (active >= spec.maxRunning) throw pipelineRunning(pipeline, spec.maxRunning);
      const { principal } = call.caller;
      const causes = [{ kind: 'manual', name: principal, id: call.requestId, time: tx.now } as const];
      const run = await beginRun(tx, deps.ids, { spec, revision, parameters, causes, trigger: '', principal });
      tx.audit.add({
        action: 'batch.pipeline-runs.start',
        resource: `pipelines/${pipeline}/runs/${run.id}`,
        details: { revision: revision.revision.toString() },
      });
      return { id: run.id };
    }),
  );
  deps.wake();
  return getRun(call, id, deps);
}
