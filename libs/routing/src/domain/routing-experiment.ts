import type { Micros } from '@slipway/kernel';
import type { Deployment } from './objective.ts';

export interface Arm {
  readonly name: string;
  readonly deployment: Deployment;
}

export type ExperimentKind = 'ab' | 'canary';
export type ExperimentState = 'running' | 'watching' | 'decided' | 'rolled-back' | 'undecided' | 'stopped';
export type LossMetric = 'log_loss' | 'brier';

/** How an experiment is judged, with nothing left to defaults. */
export interface DecisionPolicy {
  readonly metric: LossMetric;
  readonly alpha: number;
  readonly daysMin: number;
  /** 0 means never. */
  readonly daysMax: number;
  readonly coverageMin: number;
  /** Empty moves none. */
  readonly alias: string;
  /** Shares of the second arm in thousandths, growing; of canaries only. */
  readonly steps: readonly number[];
  readonly stepDays: number;
  readonly guardrailDays: number;
  /** 0 takes it from the first complete day. */
  readonly tolerance: number;
}

/** Shares are counted in these. */
export const SHARE_TOTAL = 1_000;
/** MurmurHash3 of salt and unit hash; see `createPlacement`. */
export const HASH_VERSION = 1;

/** What happens with the alias of the policy: `pending` is decided and not tried, `refused` was tried and is tried again. */
export type AliasMove = 'none' | 'pending' | 'refused' | 'moved';

/** Models side by side on live units. */
export interface RoutingExperiment {
  readonly id: string;
  readonly name: string;
  readonly objective: string;
  readonly kind: ExperimentKind;
  /** Control and treatment. */
  readonly arms: readonly [Arm, Arm];
  readonly policy: DecisionPolicy;
  readonly salt: string;
  readonly hashVersion: number;
  readonly state: ExperimentState;
  /** Of the second arm, in thousandths, in force. */
  readonly share: number;
  /** Counts changes of the share from 1. */
  readonly revision: bigint;
  /** Counts all changes from 1: who changes it says which one they saw. */
  readonly sequence: bigint;
  /** Of canaries: index of the step in force. */
  readonly step: number;
  /** Days that begin from here on count for the step. */
  readonly stepTime: Micros;
  readonly manual: boolean;
  readonly startTime: Micros;
  readonly endTime: Micros | undefined;
  readonly createTime: Micros;
  readonly principal: string;
  /** Versions that the arms had when it was created: what is compared. */
  readonly versions: readonly [bigint, bigint];
  /** Revision that the alias of the policy had then; 0 when it named nothing. */
  readonly aliasRevision: bigint;
  /** In force; 0 until the first complete day of a canary without one of its own. */
  readonly tolerance: number;
  /** Name of the arm that won; empty before and when none did. */
  readonly winner: string;
  readonly move: AliasMove;
  readonly decisionError: string;
}

/** Whether units are still shared. */
export const isRunning = ({ state }: Pick<RoutingExperiment, 'state'>): boolean =>
  state === 'running' || state === 'watching';

/** Whether an analysis has anything left to do. */
export const isOpen = (experiment: RoutingExperiment): boolean =>
  isRunning(experiment) || experiment.move === 'pending' || experiment.move === 'refused';

/** Shares of both arms in thousandths. */
export const sharesOf = ({ share }: Pick<RoutingExperiment, 'share'>): readonly [number, number] => [
  SHARE_TOTAL - share,
  share,
];

/** The arm that most units get. */
export const leadingArm = ({ arms, share }: Pick<RoutingExperiment, 'arms' | 'share'>): Arm =>
  arms[share * 2 > SHARE_TOTAL ? 1 : 0];
