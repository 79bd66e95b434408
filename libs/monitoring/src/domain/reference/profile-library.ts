import type { ReferenceProfile } from '@slipway/reference-profile';
import type { VersionRef } from '../versions.ts';

/** What the package of a version says about its reference, or why it says nothing. */
export type ProfileOutcome =
  | { readonly profile: ReferenceProfile; readonly json: string }
  | {
      readonly profile: undefined;
      /** Sentence for people. */
      readonly why: string;
    };

/** Reference profiles by version; each is fetched once and kept. */
export interface ProfileLibrary {
  /**
   * @param version its digest may be empty: then the package that the registry has counts.
   * @throws {UnavailableError} when it is not here and the registry does not answer.
   */
  get(workspace: string, version: VersionRef, signal: AbortSignal): Promise<ProfileOutcome>;
}
