import type { PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import { pipelineNotFound } from '../errors.ts';
import { didYouMean } from '../near-names.ts';
import type { PipelineRevision } from '../pipeline.ts';
import type { TriggerState } from '../trigger-state.ts';
import type { Call, Page, PageRequest, PipelineReads } from '../unit-of-work.ts';

/** A pipeline in force as it is shown. */
export interface ShownPipeline {
  readonly revision: PipelineRevision;
  /** Names in the order in which they can run. */
  readonly steps: readonly string[];
  readonly triggers: readonly TriggerState[];
}

type Deps = Pick<PipelineDependencies, 'unitOfWork' | 'vocabulary'>;

/** @throws {NotFoundError} reason PIPELINE_NOT_FOUND, with near names. */
export async function currentPipeline(reads: PipelineReads, name: string): Promise<PipelineRevision> {
  const current = await reads.pipelines.current(name);
  if (current) return current;
  throw pipelineNotFound(name, didYouMean(name, await reads.pipelines.names()));
}

async function show(reads: PipelineReads, revision: PipelineRevision, { vocabulary }: Deps): Promise<ShownPipeline> {
  const { steps } = parsePipeline(revision.content, vocabulary);
  return { revision, steps: steps.map(({ name }) => name), triggers: await reads.triggers.of(revision.name) };
}

/** @throws {NotFoundError} */
export const getPipeline = ({ caller }: Call, name: string, deps: Deps): Promise<ShownPipeline> =>
  deps.unitOfWork.read(caller, async (reads) => show(reads, await currentPipeline(reads, name), deps));

/** By name. */
export const listPipelines = ({ caller }: Call, page: PageRequest, deps: Deps): Promise<Page<ShownPipeline>> =>
  deps.unitOfWork.read(caller, async (reads) => {
    const { items, ...rest } = await reads.pipelines.list(page);
    return { ...rest, items: await Promise.all(items.map((revision) => show(reads, revision, deps))) };
  });
