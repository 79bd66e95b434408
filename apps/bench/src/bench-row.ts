import type { BenchOptions } from './options.ts';
import type { RandomRows } from './measure/random-rows.ts';
import type { Spread } from './measure/spread.ts';

/** What a number has to be: `atMost` and `atLeast` of the ratio when there is a limit to compare with, else of our own number. */
export type Budget = { readonly atMost: number } | { readonly atLeast: number };

/** One line of the table. */
export interface Result {
  /** What was done, e.g. `gRPC infer, 1 row, authenticator none: server CPU per call`. */
  readonly work: string;
  readonly unit: string;
  readonly ours: Spread;
  /** The peer or limit, measured in the same rounds. */
  readonly limit?: { readonly name: string; readonly value: Spread };
  /** Ours divided by the limit, round by round. */
  readonly ratio?: Spread;
  readonly budget?: Budget;
  /** Where the difference goes, as far as this run has measured it; printed when the budget is missed. */
  readonly cause?: string;
}

export interface RowContext {
  readonly options: BenchOptions;
  readonly random: RandomRows;
  /** A remark that belongs to the table, e.g. what was left out and why. */
  readonly note: (text: string) => void;
  /** Progress for people. */
  readonly progress: (text: string) => void;
  /** Aborts when the bench is interrupted. */
  readonly signal: AbortSignal;
}

/** One thing that is measured; `name` is what `--rows` takes. */
export interface BenchRow {
  readonly name: string;
  readonly title: string;
  readonly run: (context: RowContext) => Promise<readonly Result[]>;
}
