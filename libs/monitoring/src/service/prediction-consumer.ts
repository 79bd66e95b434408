import { predictionLogged } from '@slipway/contracts';
import type { PredictionsLogged__Output } from '@slipway/contracts/slipway.serving.v1';
import type { Clock, Logger } from '@slipway/kernel';
import { createEventConsumer, type EventConsumer, type UnitOfWork } from '@slipway/persistence';
import type { EventBus } from '@slipway/plugin-kit';
import { ingestPredictions, type IngestDependencies } from '../domain/use-cases/ingest-predictions.ts';
import { fromPredictionsLogged } from '../rpc/event-codecs.ts';

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
    definition: predictionLogged,
    delivery: DELIVERY,
    handler: async (payload, envelope, { caller, attempt, signal, traceparent }) => {
      const call = { caller, requestId: `event:${envelope.id}`, ...(traceparent === undefined ? {} : { traceparent }) };
      const calls = fromPredictionsLogged(payload as PredictionsLogged__Output);
      const waitsForProfiles = attempt <= WAITING_DELIVERIES;
      await ingestPredictions(call, { id: envelope.id, calls, waitsForProfiles }, ingest, signal);
    },
  });
}
