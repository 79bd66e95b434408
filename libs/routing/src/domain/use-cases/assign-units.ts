import type { AssignmentClaims } from '@slipway/assignments';
import { createDecider, createSplitter, type Decision, type Exposure, type Route } from '../assignment.ts';
import type { RoutingDependencies } from '../dependencies.ts';
import { objectiveNotFound } from '../errors.ts';
import { SHARE_TOTAL, isRunning, type RoutingExperiment } from '../routing-experiment.ts';
import { hashUnits, type UnitColumn } from '../units.ts';
import type { Call, RoutingReads, RoutingTransaction } from '../unit-of-work.ts';

export type SignedDecision = Decision & { readonly token: string };

/** What is known about the units of one call. */
interface Meeting {
  readonly route: Route;
  readonly unitHashes: readonly string[];
  readonly met: ReadonlyMap<string, Exposure>;
  /** Met now for the first time. */
  readonly fresh: ReadonlySet<string>;
}

/**
 * Resolves units to deployments, in their order. First exposures are committed before the answer.
 * @throws {NotFoundError} reason OBJECTIVE_NOT_FOUND. @throws {InvalidArgumentError} reason UNITS_INVALID.
 * @throws {UnavailableError} when an exposure cannot be kept.
 */
export async function assignUnits(
  call: Call,
  request: { readonly objective: string; readonly units: ReadonlyMap<string, UnitColumn> },
  deps: RoutingDependencies,
): Promise<readonly SignedDecision[]> {
  const meeting = await meet(call, request, deps);
  const { route, unitHashes, met, fresh } = meeting;
  const decide = createDecider(route, met, (unitHash) => met.has(unitHash) && !fresh.has(unitHash));
  const issuedAt = deps.clock.now();
  const expiresAt = issuedAt + BigInt(deps.limits.assignmentMs) * 1_000n;
  const signer = deps.signer();
  return Promise.all(
    unitHashes.map(async (unitHash) => {
      const { known, ...decision } = decide(unitHash);
      const claims: AssignmentClaims = {
        ...decision,
        id: deps.ids.next(),
        workspace: call.caller.workspace,
        objective: request.objective,
        issuedAt,
        expiresAt,
      };
      return { ...decision, known, token: await signer.sign(claims) };
    }),
  );
}

/** Shares are read with every call: what another process decided holds from the next call on. */
async function meet(
  call: Call,
  { objective, units }: Parameters<typeof assignUnits>[1],
  deps: RoutingDependencies,
): Promise<Meeting> {
  const route = await deps.unitOfWork.read(call.caller, (reads) => readRoute(reads, objective));
  const unitHashes = hashUnits(route.objective.unitKeys, units);
  const none = new Set<string>();
  if (!route.experiment) return { route, unitHashes, met: new Map(), fresh: none };
  const distinct = [...new Set(unitHashes)];
  const met = deps.exposures.known(route.experiment.id, distinct);
  if (met.size === distinct.length) return { route, unitHashes, met, fresh: none };
  const meeting = await deps.unitOfWork.run(call, async (tx) => {
    const now = await readRoute(tx, objective); // it may have changed since it was read
    const hashes = hashUnits(now.objective.unitKeys, units);
    if (!now.experiment) return { route: now, unitHashes: hashes, met: new Map<string, Exposure>(), fresh: none };
    return { route: now, unitHashes: hashes, ...(await record(tx, now.experiment, [...new Set(hashes)], deps)) };
  });
  if (meeting.route.experiment) deps.exposures.remember(meeting.route.experiment.id, meeting.met.values());
  return meeting;
}

async function readRoute(reads: RoutingReads, name: string): Promise<Route> {
  const objective = await reads.objectives.get(name);
  if (!objective) throw objectiveNotFound(name);
  if (objective.experiment === '') return { objective, experiment: undefined };
  const experiment = await reads.experiments.get(objective.experiment);
  return { objective, experiment: experiment && isRunning(experiment) ? experiment : undefined };
}

/** Keeps first exposures; of units that met the experiment before, what is kept counts. */
async function record(
  tx: RoutingTransaction,
  experiment: RoutingExperiment,
  unitHashes: readonly string[],
  { exposures }: RoutingDependencies,
): Promise<Pick<Meeting, 'met' | 'fresh'>> {
  const met = exposures.known(experiment.id, unitHashes);
  const split = createSplitter(experiment);
  const unknown = unitHashes.filter((unitHash) => !met.has(unitHash)).map(split);
  const fresh = await tx.exposures.add(experiment, unknown);
  const added = unknown.filter(({ unitHash }) => fresh.has(unitHash));
  const before = unknown.flatMap(({ unitHash }) => (fresh.has(unitHash) ? [] : [unitHash]));
  for (const exposure of added) met.set(exposure.unitHash, exposure);
  for (const [unitHash, exposure] of await tx.exposures.find(experiment.id, before)) met.set(unitHash, exposure);
  if (added.length > 0) {
    tx.events.add({
      kind: 'exposures-logged',
      experiment: experiment.id,
      objective: experiment.objective,
      revision: experiment.revision,
      exposures: added.map(({ unitHash, arm, share }) => ({
        unitHash,
        arm: experiment.arms[arm].name,
        propensity: share / SHARE_TOTAL,
      })),
    });
  }
  return { met, fresh };
}
