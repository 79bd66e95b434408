import type { BlobLedger } from '../domain/package-store.ts';
import type { RegistryUnitOfWork } from '../domain/unit-of-work.ts';

/** A fact as it lies in the outbox. */
export interface StoredFact {
  readonly workspace: string;
  readonly type: string;
  readonly key: string;
  /** proto3 JSON of the payload. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** One empty state for one test. */
export interface RegistryStoreHarness {
  readonly unitOfWork: RegistryUnitOfWork;
  readonly ledger: BlobLedger;
  /** What waits to be published, in the order of commits. */
  facts(): Promise<readonly StoredFact[]>;
  audit(): Promise<readonly { workspace: string; principal: string; action: string; resource: string }[]>;
  stop(): Promise<void>;
}
