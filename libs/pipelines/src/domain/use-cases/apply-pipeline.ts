import type { PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import type { PipelineRevision, PipelineSpec, Trigger } from '../pipeline.ts';
import type { TriggerState } from '../trigger-state.ts';
import { nextTick } from '../triggers/cron.ts';
import type { Call, PipelineTransaction } from '../unit-of-work.ts';

/**
 * Makes a pipeline the one in force under its name. Equal content changes nothing and makes no revision.
 * @throws {InvalidArgumentError} reason PIPELINE_INVALID with every problem.
 */
export async function applyPipeline(
  call: Call,
  { content, requestId }: { readonly content: string; readonly requestId: string },
  deps: PipelineDependencies,
): Promise<PipelineRevision> {
  const spec = parsePipeline(content, deps.vocabulary);
  const digest = deps.digestOf(content);
  const applied = await deps.unitOfWork.run(call, (tx) =>
    tx.once('batch.ApplyPipeline', requestId, { digest }, async () => {
      const known = await tx.pipelines.lock(spec.name);
      const current = await tx.pipelines.current(spec.name);
      if (current?.digest === digest) return current;
      const { principal } = call.caller;
      const revision = {
        name: spec.name,
        revision: known.revision + 1n,
        content,
        digest,
        principal,
        updateTime: tx.now,
      };
      await tx.pipelines.put(revision);
      await applyTriggers(tx, spec, deps);
      const details = { digest, revision: revision.revision.toString() };
      tx.audit.add({ action: 'batch.pipelines.apply', resource: `pipelines/${spec.name}`, details });
      return revision;
    }),
  );
  deps.wake();
  return applied;
}

/** A trigger that waits for the same thing as before goes on where it was; another one begins now. */
async function applyTriggers(
  tx: PipelineTransaction,
  spec: PipelineSpec,
  { clock }: Pick<PipelineDependencies, 'clock'>,
): Promise<void> {
  const known = new Map((await tx.triggers.of(spec.name)).map((state) => [state.name, state]));
  for (const trigger of spec.triggers) {
    const before = known.get(trigger.name);
    known.delete(trigger.name);
    const { expression } = expressionOf(trigger);
    if (before?.kind === trigger.kind && before.expression === expression) continue;
    const state: TriggerState = {
      pipeline: spec.name,
      name: trigger.name,
      kind: trigger.kind,
      expression,
      since: clock.now(),
      fireAt: trigger.kind === 'cron' ? nextTick(trigger.cron, clock.now()) : undefined,
      lastTime: before?.lastTime,
      heldBy: undefined,
      causes: [],
      event: undefined,
    };
    await tx.triggers.put(state);
  }
  for (const name of known.keys()) await tx.triggers.delete(spec.name, name);
}

const expressionOf = (trigger: Trigger): { readonly expression: string } => ({
  expression: trigger.kind === 'cron' ? trigger.cron : trigger.event,
});
