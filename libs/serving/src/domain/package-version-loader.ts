import { DataLossError, DomainError, FailedPreconditionError, type Logger } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import type { ModelRuntime } from '@slipway/plugin-kit';
import { loadScorer, type Scorer } from '@slipway/scoring';
import type { LoadedScorer, OpenPackage, PackageLibrary, VersionLoader, VersionRef } from './ports.ts';
import { warmUp } from './warm-up.ts';

export interface PackageVersionLoaderOptions {
  readonly packages: PackageLibrary;
  readonly trustedKeys: readonly TrustedKey[];
  readonly runtime: ModelRuntime;
  readonly log: Logger;
}

/** Loads versions from signed packages. Every load verifies every byte again, also of packages that were here before. */
export class PackageVersionLoader implements VersionLoader {
  readonly #options: PackageVersionLoaderOptions;

  constructor(options: PackageVersionLoaderOptions) {
    this.#options = options;
  }

  async load(ref: VersionRef, signal: AbortSignal): Promise<LoadedScorer> {
    if (ref.digest === '') {
      throw new FailedPreconditionError(
        `version ${ref.version} of '${ref.model}' has no package here: it was registered from a foreign source`,
        { reason: 'MODEL_WITHOUT_PACKAGE' },
      );
    }
    const scorer = await this.#verified(ref, signal);
    try {
      await warmUp(scorer, this.#options.log, signal);
      signal.throwIfAborted();
      return scorer;
    } catch (error) {
      await scorer.close();
      throw error;
    }
  }

  /** A damaged copy is thrown away and fetched once more; a damaged download is thrown away too. */
  async #verified(ref: VersionRef, signal: AbortSignal): Promise<Scorer> {
    const { packages, log } = this.#options;
    const first = await packages.open(ref, signal);
    try {
      return await this.#score(ref, first, signal);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await packages.evict(ref.digest);
      if (!first.fromCache) throw error;
      log.warn(
        { err: error, model: ref.model, version: `${ref.version}` },
        'a kept package is damaged; fetching it again',
      );
    }
    const second = await packages.open(ref, signal);
    try {
      return await this.#score(ref, second, signal);
    } catch (error) {
      if (isDamage(error)) await packages.evict(ref.digest);
      throw error;
    }
  }

  async #score(ref: VersionRef, opened: OpenPackage, signal: AbortSignal): Promise<Scorer> {
    const { trustedKeys, runtime } = this.#options;
    const scorer = await loadScorer({
      envelope: opened.envelope,
      readFile: (path, bytes, readSignal) => opened.readFile(path, bytes, readSignal),
      trustedKeys,
      runtime,
      expected: { workspace: ref.workspace, model: ref.model, version: Number(ref.version) },
      signal,
    });
    if (scorer.digest === ref.digest) return scorer;
    await scorer.close();
    throw new DataLossError('the package is signed, yet it is not the one that the alias names', {
      reason: 'PACKAGE_DIGEST_MISMATCH',
      facts: { expected: ref.digest, found: scorer.digest },
    });
  }
}

const isDamage = (error: unknown): boolean => error instanceof DomainError && error.kind === 'data-loss';
