import type { Micros } from '@slipway/kernel';

/** What of a view is online. */
export interface ViewState {
  readonly view: string;
  /** Digest of the definition whose rows are complete up to `arrival`; empty while there is none. */
  readonly digest: string;
  readonly arrival: bigint;
  readonly materializeTime: Micros | undefined;
  /** Digests under which the online store may hold rows. */
  readonly tables: readonly string[];
  /** Who materialises it now, and until when others have to wait. */
  readonly leaseOwner: string;
  readonly leaseUntil: Micros;
}

export interface MaterializedView {
  readonly view: string;
  readonly arrival: bigint;
  /** Keys with new rows, and how many of them changed what is online. */
  readonly keys: bigint;
  readonly stored: bigint;
}
