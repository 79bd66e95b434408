import type { EventDefinition } from '@slipway/kernel';
import type { Transaction, UnitOfWork } from '@slipway/persistence';
import type { RegistryFact } from '../domain/facts.ts';
import type { RegistryTransaction, RegistryUnitOfWork } from '../domain/unit-of-work.ts';
import { watchChanges } from '../domain/webhooks/watch-changes.ts';
import { blobClaims } from './blob-claims.ts';
import { registryReads } from './registry-reads.ts';
import { registryWrites } from './registry-writes.ts';
import { announceChanges, type Announcements } from './webhook-announcements.ts';

/** Turns a fact into an event; the wire form is not this folder's business. */
export type EncodeFact = (fact: RegistryFact) => { definition: EventDefinition<object>; payload: object };

/** The registry's state in a database. What webhooks are to be told commits with the change. */
export const createRegistryUnitOfWork = (
  unitOfWork: UnitOfWork,
  encodeFact: EncodeFact,
  { ids, wake }: Announcements,
): RegistryUnitOfWork => ({
  run: async (call, work) => {
    let deliveries = 0;
    const result = await unitOfWork.run(call, async (tx) => {
      const { watched, changes } = watchChanges(registryTransaction(tx, encodeFact));
      const answer = await work(watched);
      deliveries = await announceChanges(tx, call.caller.workspace, changes, ids);
      return answer;
    });
    if (deliveries > 0) wake();
    return result;
  },
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(registryReads(snapshot, workspace))),
});

function registryTransaction(tx: Transaction, encodeFact: EncodeFact): RegistryTransaction {
  const { workspace } = tx.context.caller;
  const reads = registryReads(tx, workspace);
  return {
    now: tx.now,
    ...registryWrites(tx, reads, workspace),
    blobs: blobClaims(tx, workspace),
    events: {
      add: (fact) => {
        const { definition, payload } = encodeFact(fact);
        tx.outbox.add(definition, payload);
      },
    },
    audit: { add: (entry) => tx.audit.add(entry) },
    once: (method, requestId, request, work) => tx.requests.once(method, requestId, request, work),
  };
}
