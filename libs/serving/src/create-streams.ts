import type { Component } from '@slipway/kernel';
import type { ServiceImplementation } from '@slipway/platform';
import { EventScorer } from './domain/stream/event-scorer.ts';
import type { ServedModels } from './domain/served-models.ts';
import { Streams } from './domain/stream/streams.ts';
import { createFeatureStoreSource } from './rpc/feature-store-source.ts';
import { createPredictionTable } from './rpc/stream/prediction-table-calls.ts';
import { createStreamMessages, placeOf } from './rpc/stream/stream-messages.ts';
import { createStreamMetrics } from './rpc/stream/stream-metrics.ts';
import { createStreamService } from './rpc/stream/stream-service.ts';
import type { ServingServiceOptions } from './serving-service-options.ts';
import { SqlStreamStore } from './store/stream/sql-stream-store.ts';

/** Events scored in one run of the graph; one publish, one write of the table and one round of acknowledgements for them. */
const BATCH_ROWS = 256;
/** Events of one stream that are taken from the bus and not yet acknowledged: enough for two batches and what waits behind them by key. */
const IN_FLIGHT_MAX = 2_048;
/** Events of one batch may speak of as many times; each is a call of the feature store. */
const FETCHES_MAX = 16;

/** What scores streams, undefined when this server does not. @param models what calls are answered from: an event is scored with the same versions. */
export function createStreams(
  options: ServingServiceOptions,
  models: ServedModels,
): { readonly component: Component; readonly service: ServiceImplementation } | undefined {
  const { config, tables, bus, clock, ids, log, unitOfWork, metrics } = options;
  if (!config.streams || !tables) return undefined;
  const { delivery, leaseMs, refreshMs } = config.streams;
  const store = new SqlStreamStore(unitOfWork, ids);
  const scorer = new EventScorer({
    features: createFeatureStoreSource(options.features),
    fetchTimeoutMs: config.fetchTimeoutMs,
    fetchesMax: FETCHES_MAX,
    nextRequestId: () => ids.next(),
  });
  const parts = {
    bus,
    models,
    scorer,
    messages: createStreamMessages(clock),
    table: createPredictionTable(tables, config.fetchTimeoutMs),
    metrics: createStreamMetrics(metrics),
    delivery,
    batchRows: BATCH_ROWS,
    inFlightMax: IN_FLIGHT_MAX,
    clock,
    log,
  };
  const streams = new Streams({ store, parts, owner: config.serverName, refreshMs, leaseMs, placeOf, clock, log });
  const { scope, defaultAlias, serverName } = config;
  const service = createStreamService({ streams, store, bus, scope, defaultAlias, serverName, leaseMs, ids });
  return { component: streams, service };
}
