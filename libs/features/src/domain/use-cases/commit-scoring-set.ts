import type { FeatureDependencies } from '../dependencies.ts';
import { positionMoved, scoringSetCommitted, scoringSetNotFound } from '../errors.ts';
import type { ConsumerPosition, ScoringSet } from '../scoring/scoring-set.ts';
import type { Call, FeatureTransaction } from '../unit-of-work.ts';

export interface CommittedSet {
  readonly set: ScoringSet;
  /** As it was right after the commit, also when a repeat is answered. */
  readonly position: ConsumerPosition;
  readonly newestArrival: bigint;
}

/**
 * Moves the consumer from the first to the last row of a scoring set, together with the event that says so. A repeat with the same `manifestUri` is
 * answered with what the first one did. An empty set moves nothing but counts as committed.
 * @throws {NotFoundError} reason SCORING_SET_NOT_FOUND. @throws {FailedPreconditionError} reason SCORING_SET_COMMITTED when it was committed with other
 * results. @throws {ConflictError} reason POSITION_MOVED when the consumer is not where the set begins.
 */
export function commitScoringSet(
  call: Call,
  { id, manifestUri }: { readonly id: string; readonly manifestUri: string },
  { unitOfWork }: FeatureDependencies,
): Promise<CommittedSet> {
  return unitOfWork.run(call, async (tx) => {
    await tx.lock();
    const found = await tx.scoringSets.get(id);
    if (!found) throw scoringSetNotFound(id);
    if (found.commit && found.commit.manifestUri !== manifestUri)
      throw scoringSetCommitted(id, found.commit.manifestUri);
    const set = found.commit ? found : await move(tx, found, manifestUri, call.caller.principal);
    const { consumer, source, toInclusive: arrival, commit } = set;
    const newestArrival = (await tx.sources.get(source))?.arrival ?? 0n;
    return { set, position: { consumer, source, arrival, updateTime: commit?.time ?? tx.now }, newestArrival };
  });
}

async function move(
  tx: FeatureTransaction,
  set: ScoringSet,
  manifestUri: string,
  principal: string,
): Promise<ScoringSet> {
  const { id, consumer, source, fromExclusive, toInclusive } = set;
  const arrival = (await tx.positions.get(consumer, source))?.arrival ?? 0n;
  if (arrival !== fromExclusive) throw positionMoved(set, arrival);
  const committed = { ...set, commit: { time: tx.now, manifestUri } };
  await tx.scoringSets.markCommitted(id, committed.commit);
  await tx.positions.put({ consumer, source, arrival: toInclusive, updateTime: tx.now });
  const range = { consumer, source, fromExclusive, toInclusive };
  tx.events.add({ kind: 'position-committed', ...range, scoringSetId: id, manifestUri, principal });
  tx.audit.add({
    action: 'features.scoring-sets.commit',
    resource: `scoring-sets/${id}`,
    details: { consumer, source, manifest_uri: manifestUri, to_inclusive: toInclusive.toString() },
  });
  return committed;
}
