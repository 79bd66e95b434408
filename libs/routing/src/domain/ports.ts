import type { Micros } from '@slipway/kernel';
import type { DaySums } from './analysis/day-sums.ts';
import type { Deployment } from './objective.ts';
import type { RoutingExperiment } from './routing-experiment.ts';

export interface CallScope {
  readonly workspace: string;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  readonly signal: AbortSignal;
}

/** What the monitor has seen of an experiment. */
export interface ExperimentDays {
  /**
   * Sums of days that begin before `until`: of an A/B test by the arm that answered, of a canary of the rows that both versions scored.
   * Rows of other versions than those of the experiment do not count.
   * @throws {UnavailableError} when the monitor does not answer.
   */
  read(experiment: RoutingExperiment, until: Micros, scope: CallScope): Promise<readonly DaySums[]>;
}

/** The version an alias names, and how often it moved. */
export interface AliasTarget {
  /** Undefined when the alias names none. */
  readonly version: bigint | undefined;
  /** 0 when it never named one. */
  readonly revision: bigint;
}

export interface AliasMoveOrder {
  readonly deployment: Deployment;
  readonly version: bigint;
  readonly expectedRevision: bigint;
  /** The same for every try of one decision. */
  readonly moveId: string;
}

/** The registry as the router needs it. */
export interface ModelAliases {
  /** @throws {UnavailableError} when the registry does not answer. */
  read(deployment: Deployment, scope: CallScope): Promise<AliasTarget>;
  /**
   * Moves through the gates and approvals of the alias. @returns why it was refused; empty when it names the version now.
   * @throws {UnavailableError} when the registry does not answer.
   */
  move(order: AliasMoveOrder, scope: CallScope): Promise<string>;
}
