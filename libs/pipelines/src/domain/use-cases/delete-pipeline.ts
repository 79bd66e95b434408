import type { PipelineDependencies } from '../dependencies.ts';
import type { Call } from '../unit-of-work.ts';
import { currentPipeline } from './read-pipelines.ts';

/** Takes a pipeline and its triggers out of force; its runs go on. @throws {NotFoundError} */
export async function deletePipeline(
  call: Call,
  { name, requestId }: { readonly name: string; readonly requestId: string },
  { unitOfWork }: Pick<PipelineDependencies, 'unitOfWork'>,
): Promise<void> {
  await unitOfWork.run(call, (tx) =>
    tx.once('batch.DeletePipeline', requestId, { name }, async () => {
      await currentPipeline(tx, name);
      await tx.pipelines.lock(name);
      await tx.pipelines.delete(name);
      for (const trigger of await tx.triggers.of(name)) await tx.triggers.delete(name, trigger.name);
      tx.audit.add({ action: 'batch.pipelines.delete', resource: `pipelines/${name}`, details: {} });
      return {};
    }),
  );
}
