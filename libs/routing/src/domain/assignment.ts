import { isSameDeployment, type Deployment, type Objective } from './objective.ts';
import { createPlacement } from './placement.ts';
import { SHARE_TOTAL, isRunning, type RoutingExperiment } from './routing-experiment.ts';

/** What answers for an objective right now. */
export interface Route {
  readonly objective: Objective;
  /** Running; undefined when the default answers. */
  readonly experiment: RoutingExperiment | undefined;
}

/** One unit's first meeting with an experiment. */
export interface Exposure {
  readonly unitHash: string;
  /** 0 is the control. */
  readonly arm: 0 | 1;
  /** Share of that arm in thousandths at that time. */
  readonly share: number;
}

/** One unit's way to a deployment. */
export interface Decision {
  readonly unitHash: string;
  /** Empty without an experiment. */
  readonly experiment: string;
  readonly arm: string;
  readonly deployment: Deployment;
  readonly propensity: number;
  readonly known: boolean;
  readonly shadows: readonly Deployment[];
}

/** Which arms units get by the shares in force. */
export function createSplitter(experiment: RoutingExperiment): (unitHash: string) => Exposure {
  const placeOf = createPlacement(experiment.salt, experiment.hashVersion);
  const { share } = experiment;
  const rest = SHARE_TOTAL - share;
  return (unitHash) => (placeOf(unitHash) < share ? { unitHash, arm: 1, share } : { unitHash, arm: 0, share: rest });
}

/**
 * Decides for units. In an A/B test a unit keeps the arm of its first exposure; in a canary the arm follows the shares in force, which only grow
 * until they are taken back as a whole.
 * @param met first exposures, by unit hash, of all units that met the experiment before or in this call.
 * @param isKnown whether it was before.
 */
export function createDecider(
  { objective, experiment }: Route,
  met: ReadonlyMap<string, Exposure>,
  isKnown: (unitHash: string) => boolean,
): (unitHash: string) => Decision {
  if (!experiment || !isRunning(experiment)) return defaultDecider(objective);
  const split = createSplitter(experiment);
  const shadows = experiment.arms.map((arm, index) => shadowsOf(objective, arm.deployment, experiment, index));
  return (unitHash) => {
    const stored = experiment.kind === 'ab' ? met.get(unitHash) : undefined;
    const { arm, share } = stored ?? split(unitHash);
    const { name, deployment } = experiment.arms[arm];
    const propensity = share / SHARE_TOTAL;
    const base = { unitHash, experiment: experiment.id, arm: name, deployment, propensity };
    return { ...base, known: isKnown(unitHash), shadows: shadows[arm] ?? [] };
  };
}

function defaultDecider({ deployment, shadows }: Objective): (unitHash: string) => Decision {
  const others = distinct(shadows, deployment);
  return (unitHash) => ({
    unitHash,
    experiment: '',
    arm: '',
    deployment,
    propensity: 1,
    known: false,
    shadows: others,
  });
}

/** Each arm of a canary scores the rows of the other as well, so that both are judged on the same rows. */
function shadowsOf(objective: Objective, own: Deployment, { kind, arms }: RoutingExperiment, arm: number) {
  const other = arms[arm === 0 ? 1 : 0].deployment;
  return distinct(kind === 'canary' ? [other, ...objective.shadows] : objective.shadows, own);
}

const distinct = (deployments: readonly Deployment[], own: Deployment): readonly Deployment[] =>
  deployments.filter(
    (each, index) =>
      !isSameDeployment(each, own) && deployments.findIndex((other) => isSameDeployment(each, other)) === index,
  );
