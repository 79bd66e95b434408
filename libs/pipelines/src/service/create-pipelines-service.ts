import { createHash } from 'node:crypto';
import { pipelineService } from '@slipway/contracts/slipway.batch.v1';
import type { Clock, Component, IdSource, JsonValue, Logger } from '@slipway/kernel';
import { createEventConsumer, type Database, type UnitOfWork } from '@slipway/persistence';
import { implementService, type ServiceModule } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import type { PipelineDependencies } from '../domain/dependencies.ts';
import { PipelineEngine } from '../domain/engine/pipeline-engine.ts';
import type { PipelineLimits } from '../domain/limits.ts';
import { RunChanges } from '../domain/run-changes.ts';
import type { StepKinds } from '../domain/step-kind.ts';
import { takeEvent } from '../domain/triggers/take-event.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { pipelineHandlers } from '../rpc/pipeline-handlers.ts';
import { TRIGGER_EVENTS, triggerFields } from '../rpc/trigger-events.ts';
import { createPipelineUnitOfWork, pipelineTransaction } from '../store/pipeline-unit-of-work.ts';
import { createRunLedger } from '../store/run-ledger.ts';

export interface PipelinesServiceOptions {
  /** Opened with `pipelineEntities` and `pipelineMigrations`. */
  readonly store: { readonly database: Pick<Database, 'read' | 'write'>; readonly unitOfWork: UnitOfWork };
  readonly bus: EventBus;
  readonly kinds: StepKinds;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: PipelineLimits;
  /** Types of events that may begin runs; all that there are by default. */
  readonly triggerEvents?: typeof TRIGGER_EVENTS;
}

export interface PipelinesService {
  readonly module: ServiceModule;
  readonly engine: PipelineEngine;
}

/** Everything of `slipway.batch.v1.PipelineService` but transport, database and settings. */
export function createPipelinesService(options: PipelinesServiceOptions): PipelinesService {
  const { store, kinds, clock, ids, log, limits } = options;
  const deps: PipelineDependencies = {
    unitOfWork: createPipelineUnitOfWork(store.unitOfWork, encodeFact),
    ledger: createRunLedger(store.database),
    kinds,
    vocabulary: { kinds, events: triggerFields() },
    changes: new RunChanges(),
    clock,
    ids,
    log,
    limits,
    digestOf: (text) => createHash('sha256').update(text).digest('hex'),
    wake: () => engine.wake(),
  };
  const engine: PipelineEngine = new PipelineEngine(deps);
  return {
    engine,
    module: {
      name: 'pipelines',
      listener: 'grpc',
      services: [implementService(pipelineService, pipelineHandlers(deps))],
      components: [engine, ...triggerConsumers(options, deps)],
      isReady: () =>
        engine.isRunning ? { ready: true } : { ready: false, reason: 'the pipeline engine is not started' },
    },
  };
}

/** One durable for each type: an event that cannot be handled holds back its own key of its own type only. */
function triggerConsumers(
  { bus, store, clock, log, triggerEvents = TRIGGER_EVENTS }: PipelinesServiceOptions,
  deps: PipelineDependencies,
): readonly Component[] {
  return triggerEvents.map((definition) => {
    const { domain, noun, verb } = definition.subject;
    return createEventConsumer({
      bus,
      durable: `pipelines-${domain}-${noun}-${verb}`,
      definition,
      unitOfWork: store.unitOfWork,
      service: 'pipelines',
      clock,
      log,
      handler: async (payload, { id, type, time }, context) => {
        let begun: readonly string[] = [];
        await context.once(async (tx) => {
          const event = { id, type, time, data: payload as Readonly<Record<string, JsonValue>> };
          begun = await takeEvent(pipelineTransaction(tx, encodeFact), event, deps);
        });
        for (const run of begun) deps.changes.notify(context.caller.workspace, run);
        if (begun.length > 0) deps.wake();
      },
    });
  });
}
