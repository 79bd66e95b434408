import type { Micros } from '@slipway/kernel';

/** Units met an experiment for the first time. */
export interface ExposuresLoggedFact {
  readonly kind: 'exposures-logged';
  readonly experiment: string;
  readonly objective: string;
  readonly revision: bigint;
  readonly exposures: readonly { readonly unitHash: string; readonly arm: string; readonly propensity: number }[];
}

export type DecisionWord = 'started' | 'next_step' | 'watching' | 'decided' | 'rolled_back' | 'undecided' | 'stopped';

/** An experiment began, went on, or ended. */
export interface DecisionMadeFact {
  readonly kind: 'decision-made';
  readonly experiment: string;
  readonly name: string;
  readonly objective: string;
  readonly decision: DecisionWord;
  /** Answers for most units from now on; empty when none won. */
  readonly arm: string;
  /** Of the second arm from now on, in thousandths. */
  readonly weight: number;
  /** That moved; empty when none did. */
  readonly alias: string;
  /** That it names; 0 when none moved. */
  readonly version: bigint;
  readonly asOf: Micros;
  readonly explanation: string;
}

export type RoutingFact = ExposuresLoggedFact | DecisionMadeFact;
