import type { Micros } from '@slipway/kernel';
import type { VersionRef } from './versions.ts';

/** The rows of one call as serving logged them; every column is as long as `predictionIds`, or empty where there is nothing to say. */
export interface LoggedCall {
  /** The time that the call asked about. */
  readonly time: Micros;
  readonly objective: string;
  /** Who answered. */
  readonly served: VersionRef;
  readonly predictionIds: readonly string[];
  /** By name of the output. */
  readonly outputs: LoggedNumbers;
  /** By `view:feature`; null is NaN. */
  readonly numberFeatures: LoggedNumbers;
  readonly textFeatures: LoggedTexts;
  readonly units: readonly LoggedUnit[];
  /** Index into `units`; empty when the call had none. */
  readonly unitOfRow: readonly number[];
  readonly shadows: readonly { readonly version: VersionRef; readonly outputs: LoggedNumbers }[];
}

/** A number that JSON cannot say is its text: `NaN`, `Infinity`, `-Infinity`. */
export type LoggedNumbers = Readonly<Record<string, { readonly values: readonly (number | string)[] }>>;
export type LoggedTexts = Readonly<Record<string, { readonly values: readonly string[] }>>;

export interface LoggedUnit {
  readonly unitHash: string;
  readonly experiment: string;
  readonly arm: string;
}
