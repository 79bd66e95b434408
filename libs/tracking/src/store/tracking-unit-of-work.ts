import type { EventDefinition, Random } from '@slipway/kernel';
import type { Transaction, UnitOfWork } from '@slipway/persistence';
import type { TrackingFact } from '../domain/facts.ts';
import type { TrackingTransaction, TrackingUnitOfWork } from '../domain/unit-of-work.ts';
import { SeriesNumbers } from './series-numbers.ts';
import { trackingReads } from './tracking-reads.ts';
import { trackingWrites } from './tracking-writes.ts';

/** Turns a fact into an event; the wire form is not this folder's business. */
export type EncodeFact = (fact: TrackingFact) => { definition: EventDefinition<object>; payload: object };

/** The state of tracking in a database. @param random for the numbers of metric series. */
export const createTrackingUnitOfWork = (
  unitOfWork: UnitOfWork,
  encodeFact: EncodeFact,
  random: Random,
): TrackingUnitOfWork => {
  const numbers = new SeriesNumbers(random);
  return {
    run: (call, work) => unitOfWork.run(call, (tx) => work(trackingTransaction(tx, encodeFact, numbers))),
    read: ({ workspace }, work) => unitOfWork.read(({ sql }) => work(trackingReads(sql, workspace))),
  };
};

function trackingTransaction(tx: Transaction, encodeFact: EncodeFact, numbers: SeriesNumbers): TrackingTransaction {
  const { workspace } = tx.context.caller;
  const reads = trackingReads(tx.sql, workspace);
  return {
    now: tx.now,
    ...trackingWrites(tx, reads, workspace, numbers),
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
