import { runFinished } from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';
import type { TrackingFact } from '../domain/facts.ts';

/** A fact as it is published. */
export interface EncodedFact {
  readonly definition: EventDefinition<object>;
  readonly payload: object;
}

/** The wire form of every fact. */
export const encodeFact = (fact: TrackingFact): EncodedFact => ({
  definition: runFinished,
  payload: {
    run_id: fact.runId,
    experiment_id: fact.experimentId.toString(),
    run_name: fact.runName,
    status: fact.status,
    start_time: fact.startTime.toString(),
    end_time: fact.endTime.toString(),
    principal: fact.principal,
    dataset_digests: [...fact.datasetDigests],
  },
});
