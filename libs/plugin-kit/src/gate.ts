import type { Plugin } from './plugin.ts';

/** Measured quality of a version on one dataset. */
export interface GateEvaluation {
  readonly metric: string;
  readonly dataset: string;
  readonly value: number;
}

export interface GateCandidate {
  readonly model: string;
  readonly version: number;
  readonly evaluations: readonly GateEvaluation[];
}

export interface GateContext {
  readonly workspace: string;
  readonly alias: string;
  readonly candidate: GateCandidate;
  /** The version that holds the alias now, when there is one. */
  readonly current: GateCandidate | undefined;
  /** Settings of the gate by name, as its policy stores them. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface GateVerdict {
  readonly passed: boolean;
  /** One sentence with the numbers that decided, shown to people. */
  readonly reason: string;
}

/** Decides whether a version may take an alias. Pure: no I/O, same answer for the same context. */
export interface Gate {
  /** @throws {InvalidArgumentError} that names each wrong parameter; called when a policy is stored. */
  checkParameters(parameters: Readonly<Record<string, string>>): void;
  evaluate(context: GateContext): GateVerdict;
}

export type GatePlugin<Config = unknown> = Plugin<'gate', Config, Gate>;
