import { aliasMoved } from '@slipway/contracts';
import type { Clock, Logger } from '@slipway/kernel';
import { createEventConsumer, type EventConsumer, type UnitOfWork } from '@slipway/persistence';
import type { EventBus } from '@slipway/plugin-kit';
import type { ServedModels } from './domain/served-models.ts';
import { fromAliasMoved } from './rpc/event-codecs.ts';

export interface AliasConsumerOptions {
  readonly models: ServedModels;
  readonly bus: EventBus;
  readonly unitOfWork: UnitOfWork;
  readonly serverName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Names of durables take no dots. */
const durableOf = (serverName: string): string => `serving-alias-moved-${serverName.replaceAll('.', '_')}`;

/**
 * Applies alias.moved. The event is acknowledged as soon as the desired target is in the slot table, before it is loaded: from there a restart
 * finds it, and the slot has retries of its own. Waiting for the load would hold back the newer moves of the same model behind a slow or
 * failing one, when just these should supersede it. The revision makes repeats harmless, so the inbox is not asked.
 */
export function createAliasConsumer({ models, serverName, ...options }: AliasConsumerOptions): EventConsumer {
  return createEventConsumer({
    ...options,
    durable: durableOf(serverName),
    service: 'serving',
    definition: aliasMoved,
    // what was before the first start, the reconciler reads from the registry
    delivery: { from: 'now' },
    handler: async (payload, envelope) => {
      const { key, target } = fromAliasMoved(envelope.workspace, payload);
      await models.apply(key, target);
    },
  });
}
