import { sampleRatioEvidence } from '@slipway/stats';
import { SHARE_TOTAL } from '../routing-experiment.ts';

/** Units that met an experiment for the first time while one share was in force. */
export interface ExposureCount {
  readonly revision: bigint;
  /** Of the second arm, in thousandths. */
  readonly share: number;
  readonly control: number;
  readonly treatment: number;
}

/** Below this nothing is decided: units are not shared as they should be, so no comparison means anything. */
export const SAMPLE_RATIO_P_MIN = 0.001;

/**
 * P-value, holding at every look, that units are shared as intended. New units of each revision are a sample of their own; their evidence adds up.
 * @param before the p-value of the look before; 1 at the first.
 */
export function sampleRatioP(counts: readonly ExposureCount[], before: number): number {
  const logs = counts.map(({ share, control, treatment }) =>
    sampleRatioEvidence([control, treatment], [SHARE_TOTAL - share, share]),
  );
  return Math.min(before, Math.exp(-logs.reduce((sum, each) => sum + each, 0)));
}
