import { DomainError, type Clock } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import { parseProfile } from '@slipway/reference-profile';
import { PROFILES_MAX } from '../domain/limits.ts';
import type { ProfileLibrary, ProfileOutcome } from '../domain/reference/profile-library.ts';
import type { MonitoringUnitOfWork } from '../domain/unit-of-work.ts';
import { versionKey, type VersionRef } from '../domain/versions.ts';
import { fetchPackageProfile, type RegistryCalls } from '../rpc/package-profile.ts';

export interface RegistryProfilesOptions {
  readonly registry: RegistryCalls;
  readonly trustedKeys: readonly TrustedKey[];
  readonly unitOfWork: MonitoringUnitOfWork;
  readonly clock: Clock;
}

interface Kept {
  readonly outcome: ProfileOutcome;
  /** Of the monotonic clock. */
  readonly untilMs: number;
}

/** How long a refusal holds before the package is asked for again: keys and packages can be set right. */
const REFUSAL_MS = 60_000;
/** Kinds of failure that a repeat does not mend soon: the version has no reference. Everything else is thrown. */
const REFUSALS = new Set(['not-found', 'data-loss', 'failed-precondition', 'invalid-argument', 'exhausted']);

/** Profiles from the packages of the registry, kept in the database: a restart judges while the registry is away. */
export class RegistryProfiles implements ProfileLibrary {
  readonly #options: RegistryProfilesOptions;
  /** The longest unused first. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: RegistryProfilesOptions) {
    this.#options = options;
  }

  async get(workspace: string, version: VersionRef, signal: AbortSignal): Promise<ProfileOutcome> {
    const key = `${workspace}/${versionKey(version)}@${version.digest}`;
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    if (known && known.untilMs > this.#options.clock.monotonicMs()) {
      this.#kept.set(key, known);
      return known.outcome;
    }
    const found = await this.#find(workspace, version, signal);
    this.#kept.set(key, found);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > PROFILES_MAX) this.#kept.delete(oldest);
    return found.outcome;
  }

  async #find(workspace: string, version: VersionRef, signal: AbortSignal): Promise<Kept> {
    const { unitOfWork, clock } = this.#options;
    const stored = await unitOfWork.read({ workspace }, ({ profiles }) => profiles.get(version));
    if (stored) {
      const { json, why } = stored;
      const outcome = json === '' ? { profile: undefined, why } : { profile: parseProfile(json), json };
      return { outcome, untilMs: Number.POSITIVE_INFINITY };
    }
    try {
      return { outcome: await this.#fetch(workspace, version, signal), untilMs: Number.POSITIVE_INFINITY };
    } catch (error) {
      if (!(error instanceof DomainError) || !REFUSALS.has(error.kind)) throw error;
      return { outcome: { profile: undefined, why: error.message }, untilMs: clock.monotonicMs() + REFUSAL_MS };
    }
  }

  /** Only what was read without a problem is kept. */
  async #fetch(workspace: string, version: VersionRef, signal: AbortSignal): Promise<ProfileOutcome> {
    const { registry, trustedKeys, unitOfWork } = this.#options;
    const { digest, text } = await fetchPackageProfile(registry, workspace, version, trustedKeys, signal);
    const why = text === undefined ? 'its package has no file profile.json' : '';
    const profile = text === undefined ? undefined : parseProfile(text);
    const call = { caller: callerIn(workspace), requestId: 'reference-profile' };
    await unitOfWork.run(call, (tx) => tx.profiles.put({ ...version, digest }, { json: text ?? '', why }));
    return profile && text !== undefined ? { profile, json: text } : { profile: undefined, why };
  }
}

const callerIn = (workspace: string) => ({
  principal: 'service:monitoring',
  workspace,
  allWorkspaces: false,
  permissions: new Set<string>(),
});
