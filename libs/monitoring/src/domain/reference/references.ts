import { thresholdsOf, type Check, type ReferenceProfile, type Thresholds } from '@slipway/reference-profile';
import { REFERENCE_WINDOWS_MIN, WINDOW_DAYS } from '../limits.ts';
import type { VersionRef } from '../versions.ts';
import type { ProfileLibrary } from './profile-library.ts';

/** What a version is compared with. */
export interface Reference {
  readonly profile: ReferenceProfile;
  /** By `keyOfCheck`. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Whether it covers enough disjoint windows to stand alone. */
  readonly isLong: boolean;
}

/**
 * A shift that nobody would act on is no drift, however steady the reference was: with many rows a statistic of near nothing exceeds a threshold of
 * near nothing. A population stability index below 0.1 is by convention no shift.
 */
const SMALLEST: Readonly<Partial<Record<Check['kind'], number>>> = { score_psi: 0.1, feature_psi: 0.1 };

/** Tells checks apart. */
export const keyOfCheck = ({ kind, feature = '' }: Check): string => `${kind}:${feature}`;

/** Thresholds of profiles, computed once for each budget. */
export class References {
  readonly #profiles: ProfileLibrary;
  readonly #thresholds = new WeakMap<ReferenceProfile, Map<number, Thresholds>>();

  constructor(profiles: ProfileLibrary) {
    this.#profiles = profiles;
  }

  /** @throws {UnavailableError} when the profile is not here and the registry does not answer. */
  async get(
    workspace: string,
    version: VersionRef,
    falseAlarmDays: number,
    signal: AbortSignal,
  ): Promise<Reference | undefined> {
    const { profile } = await this.#profiles.get(workspace, version, signal);
    return profile && this.of(profile, falseAlarmDays);
  }

  of(profile: ReferenceProfile, falseAlarmDays: number): Reference {
    const { thresholds, referenceDays } = this.#thresholdsOf(profile, falseAlarmDays);
    return {
      profile,
      thresholds: new Map(
        thresholds.map(({ threshold, ...check }) => [
          keyOfCheck(check),
          Math.max(threshold, SMALLEST[check.kind] ?? threshold),
        ]),
      ),
      isLong: referenceDays >= REFERENCE_WINDOWS_MIN * WINDOW_DAYS,
    };
  }

  #thresholdsOf(profile: ReferenceProfile, falseAlarmDays: number): Thresholds {
    const known = this.#thresholds.get(profile) ?? new Map<number, Thresholds>();
    this.#thresholds.set(profile, known);
    const thresholds = known.get(falseAlarmDays) ?? thresholdsOf(profile, { windowDays: WINDOW_DAYS, falseAlarmDays });
    known.set(falseAlarmDays, thresholds); // as many budgets as objectives have one
    return thresholds;
  }
}
