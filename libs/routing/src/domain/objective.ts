import type { Micros } from '@slipway/kernel';

/** A model under an alias. */
export interface Deployment {
  readonly model: string;
  readonly alias: string;
}

export const isSameDeployment = (left: Deployment, right: Deployment): boolean =>
  left.model === right.model && left.alias === right.alias;

/** Something to be predicted. */
export interface Objective {
  readonly name: string;
  readonly description: string;
  /** What answers when no experiment runs. */
  readonly deployment: Deployment;
  /** Sorted, each once. */
  readonly unitKeys: readonly string[];
  readonly shadows: readonly Deployment[];
  /** Id of the running experiment; empty without one. */
  readonly experiment: string;
  /** Counts changes from 1. */
  readonly revision: bigint;
  readonly updateTime: Micros;
}
