import { pipelineChanged } from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';
import type { PipelineFact } from '../domain/facts.ts';

/** A fact as it is published. */
export const encodeFact = (fact: PipelineFact): { definition: EventDefinition<object>; payload: object } => ({
  definition: pipelineChanged,
  payload: {
    run_id: fact.runId,
    pipeline: fact.pipeline,
    state: fact.state,
    step: fact.step?.name ?? '',
    step_state: fact.step?.state ?? '',
    message: fact.message,
  },
});
