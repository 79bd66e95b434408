import type { Clock, IdSource } from '@slipway/kernel';
import type { SigningKey } from '@slipway/model-package';
import type { Gates } from './gates/gates.ts';
import type { RegistryLimits } from './limits.ts';
import type { PackageStore } from './package-store.ts';
import type { SourceFiles } from './source/source-files.ts';
import type { RegistryUnitOfWork } from './unit-of-work.ts';
import type { Turnstile } from '@slipway/kernel';

/** What the use cases work with. */
export interface RegistryDependencies {
  readonly unitOfWork: RegistryUnitOfWork;
  readonly packages: PackageStore;
  /** Where files of runs come from; absent in an installation without tracking. */
  readonly sources: SourceFiles | undefined;
  readonly gates: Gates;
  /** Signs the manifests of new versions. */
  readonly signingKey: SigningKey;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: RegistryLimits;
  /** Uploads at once. */
  readonly uploads: Turnstile;
  /** Graphs that are in memory at once. */
  readonly inspections: Turnstile;
}
