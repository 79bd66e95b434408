import type { Clock, IdSource, Logger } from '@slipway/kernel';
import type { OfflineStore, OnlineStore } from '@slipway/plugin-kit';
import type { FeatureFiles } from './files.ts';
import type { FeatureLimits } from './limits.ts';
import type { PredictionTableCache } from './predictions/prediction-table-cache.ts';
import type { RepositoryCache } from './repository-cache.ts';
import type { Turns } from './turns.ts';
import type { FeatureUnitOfWork } from './unit-of-work.ts';
import type { Turnstile } from '@slipway/kernel';

/** Steps between which a kill test ends the process; the commit itself has its own. */
export type FeatureStep = 'received' | 'checked' | 'stored' | 'joined' | 'written' | 'begun' | 'loaded' | 'shown';

/** What the use cases work with. */
export interface FeatureDependencies {
  readonly unitOfWork: FeatureUnitOfWork;
  readonly repositories: RepositoryCache;
  readonly predictionTables: PredictionTableCache;
  readonly files: FeatureFiles;
  readonly offline: OfflineStore;
  readonly online: OnlineStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: FeatureLimits;
  /** Uploads at once. */
  readonly uploads: Turnstile;
  /** One ingestion per source, one materialization per view, of this process. */
  readonly turns: Turns;
  /** For kill tests. */
  readonly atStep: (step: FeatureStep) => void;
}

/** What running work is told and tells. */
export interface WorkHandle {
  /** Names the work, also after it was begun again. */
  readonly id: string;
  readonly signal: AbortSignal;
  progress(done: bigint | number, total?: bigint | number): void;
}
