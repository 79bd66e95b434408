import type { Plugin } from './plugin.ts';

/** One view of one workspace in one form of its rows: another schema is another table. */
export interface OnlineTable {
  readonly workspace: string;
  readonly view: string;
  /** Names the form of the rows, e.g. a hash of the view's definition. */
  readonly schema: string;
}

/** Where a row stands in the order that decides which one is kept: event time, then created time (microseconds UTC), then arrival. */
export interface OnlineOrder {
  readonly eventTime: bigint;
  readonly createdTime: bigint;
  readonly arrival: bigint;
}

export interface OnlineRow extends OnlineOrder {
  /** 1 to 512 bytes. */
  readonly key: Uint8Array;
  /** The features in the form of the table; 0 to 65536 bytes. */
  readonly values: Uint8Array;
}

export interface OnlineRead {
  readonly table: OnlineTable;
  /** Keys may repeat. */
  readonly keys: readonly Uint8Array[];
}

/** One row as it is stored; undefined where the key has none. `values` is valid until the caller's next turn of the event loop. */
export type StoredRow = OnlineOrder & { readonly values: Uint8Array };

/** Latest feature values by entity key. Safe for concurrent calls. All calls: @throws {UnavailableError} when the store cannot be reached. */
export interface OnlineStore {
  readonly capabilities: {
    /** Keys of one `read`, all tables together. */
    readonly readKeysMax: number;
    /** Rows of one `write`. */
    readonly writeRowsMax: number;
  };
  /** Usable, or failed before `signal` aborts; called once. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * All tables in one round trip.
   * @returns one block per request, rows in the order of its keys.
   * @throws {InvalidArgumentError} past `readKeysMax` or on a key that cannot be stored.
   */
  read(requests: readonly OnlineRead[], signal: AbortSignal): Promise<readonly (readonly (StoredRow | undefined)[])[]>;
  /**
   * Idempotent; atomic per row, durable when it resolves. A row that is not greater than the stored one in (event time, created time, arrival) is
   * dropped; that is not an error. Of several rows with one key in a call the greatest counts.
   * @returns how many rows were stored.
   */
  write(table: OnlineTable, rows: readonly OnlineRow[], signal: AbortSignal): Promise<{ readonly stored: number }>;
  /** Forgets all rows of the table; idempotent. */
  drop(table: OnlineTable, signal: AbortSignal): Promise<void>;
  /** Finishes started calls, refuses new ones; safe to call twice. */
  close(): Promise<void>;
}

export type OnlineStorePlugin<Config = unknown> = Plugin<'online-store', Config, OnlineStore>;
