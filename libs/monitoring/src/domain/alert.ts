import type { Micros } from '@slipway/kernel';
import type { Day } from './day.ts';
import type { VersionRef } from './versions.ts';

/** One comparison with the reference. */
export interface DriftCheck {
  /** `score_psi`, `score_ks`, `calibration_gap`, `log_loss`, `feature_psi` or `feature_ks`. */
  readonly check: string;
  /** Empty for the others. */
  readonly feature: string;
  /** NaN when there is nothing to compute it from. */
  readonly value: number;
  /** It alarms when the value is greater. */
  readonly threshold: number;
  /** Days that the value covers. */
  readonly days: number;
  /** Never before it covers a whole window. */
  readonly exceeded: boolean;
}

export type AlertKind = 'drift' | 'performance';

export interface AlertKey {
  readonly id: string;
}

/** One episode of one version. */
export interface Alert extends AlertKey {
  readonly objective: string;
  readonly version: Pick<VersionRef, 'model' | 'version'>;
  readonly kind: AlertKind;
  readonly firstDay: Day;
  /** The last one on which it still held. */
  readonly lastDay: Day;
  readonly open: boolean;
  /** Those that exceeded on the first day, strongest first. */
  readonly checks: readonly DriftCheck[];
  readonly createTime: Micros;
}
