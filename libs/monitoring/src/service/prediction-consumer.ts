import { predictionLogged } from '@slipway/contracts';
import type { Clock, EventDefinition, Logger } from '@slipway/kernel';
import { createEventConsumer, type EventConsumer, type UnitOfWork } from '@slipway/persistence';
import type { EventBus } from '@slipway/plugin-kit';
import { ingestPredictions, type IngestDependencies } from '../domain/use-cases/ingest-predictions.ts';
import { readPredictions, type ReadPredictions } from '../rpc/read-predictions.ts';

export interface PredictionConsumerOptions {
  readonly bus: EventBus;
  /** For the consumer itself. */
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ingest: IngestDependencies;
}

const DELIVERY = { deliveriesMax: 8, backoffMs: [100, 500, 2_000, 5_000, 10_000] } as const;
/** Deliveries that wait for the reference of a version; the rest go on without it, as predictions are worth more than counts of features. */
const WAITING_DELIVERIES = 4;

/** Keeps prediction.logged. Blocks are told apart by the id of their event, which makes repeats harmless, so the inbox is not asked. */
export function createPredictionConsumer({ ingest, ...options }: PredictionConsumerOptions): EventConsumer {
  return createEventConsumer({
    ...options,
    durable: 'monitoring-prediction-logged',
    service: 'monitoring',
    // its own reading of the payload: everything else of the definition is the same
    definition: predictionLogged as EventDefinition<object> as EventDefinition<ReadPredictions>,
    decode: readPredictions,
    delivery: DELIVERY,
    handler: async ({ calls }, envelope, { caller, attempt, signal, traceparent }) => {
      const call = { caller, requestId: `event:${envelope.id}`, ...(traceparent === undefined ? {} : { traceparent }) };
      const waitsForProfiles = attempt <= WAITING_DELIVERIES;
      await ingestPredictions(call, { id: envelope.id, calls, waitsForProfiles }, ingest, signal);
    },
  });
}
