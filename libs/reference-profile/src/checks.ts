import { InvalidArgumentError } from '@slipway/kernel';
import { binnedKolmogorovSmirnov, populationStability } from '@slipway/stats';
import type { ReferenceProfile } from './profile.ts';
import { poolWindows, emptyWindow, windowOfDay, type ProfileWindow } from './window.ts';

export type CheckKind = 'score_psi' | 'score_ks' | 'calibration_gap' | 'log_loss' | 'feature_psi' | 'feature_ks';

/** One comparison of a window with the reference; higher is worse for each kind. `feature` is set for `feature_*` only. */
export interface Check {
  readonly kind: CheckKind;
  readonly feature?: string;
}

/** The checks that a profile allows, in a fixed order. `feature_ks` is for numbers only: texts have no order. */
export function checksOf(profile: ReferenceProfile): readonly Check[] {
  return [
    { kind: 'score_psi' },
    { kind: 'score_ks' },
    { kind: 'calibration_gap' },
    { kind: 'log_loss' },
    ...profile.features.map(({ name }): Check => ({ kind: 'feature_psi', feature: name })),
    ...profile.features
      .filter(({ kind }) => kind === 'number')
      .map(({ name }): Check => ({ kind: 'feature_ks', feature: name })),
  ];
}

/** All rows of the reference. */
export const wholeReference = (profile: ReferenceProfile): ProfileWindow =>
  poolWindows(emptyWindow(profile), profile.days.map(windowOfDay));

/**
 * How far a window is from the reference, or how bad it is: PSI less its expectation under no change; binned KS; |mean score - share of
 * positives|; mean log loss. A feature's nulls are a bin of their own, the last one, for PSI and KS.
 * @param reference what is compared with: the whole reference by default. Gap and loss are of the window alone.
 * @returns undefined when the window has no rows for it (for gap and loss: no labelled ones).
 * @throws {InvalidArgumentError} for a feature that the profile does not have, or cannot have this check of.
 */
export function statisticOf(
  profile: ReferenceProfile,
  check: Check,
  window: ProfileWindow,
  reference?: ProfileWindow,
): number | undefined {
  const { rows, positives, scoreSum, logLossSum } = window.labelled;
  switch (check.kind) {
    case 'calibration_gap':
      return rows === 0 ? undefined : Math.abs(scoreSum - positives) / rows;
    case 'log_loss':
      return rows === 0 ? undefined : logLossSum / rows;
    case 'score_psi':
      return defined(populationStability(reference?.scores ?? profile.scores.counts, window.scores));
    case 'score_ks':
      return defined(binnedKolmogorovSmirnov(reference?.scores ?? profile.scores.counts, window.scores));
    case 'feature_psi':
    case 'feature_ks': {
      const index = featureIndex(profile, check);
      const before = reference?.features[index] ?? profile.features[index]?.counts ?? [];
      const distance = check.kind === 'feature_psi' ? populationStability : binnedKolmogorovSmirnov;
      return defined(distance(before, window.features[index] ?? []));
    }
  }
}

const defined = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

function featureIndex(profile: ReferenceProfile, { kind, feature }: Check): number {
  const index = profile.features.findIndex(({ name }) => name === feature);
  const found = profile.features[index];
  if (!found) throw InvalidArgumentError.of('check.feature', `the profile has no feature '${feature ?? ''}'`);
  if (kind === 'feature_ks' && found.kind === 'text')
    throw InvalidArgumentError.of('check', `'${found.name}' is a text, which has no order; use feature_psi`);
  return index;
}
