import type { Caller, Micros } from '@slipway/kernel';
import type { SlotKey } from '../slot-key.ts';

export interface StreamKey {
  readonly workspace: string;
  readonly name: string;
}

/** Which events are scored with what. */
export interface StreamDefinition extends StreamKey {
  /** Of this life of the name: a stream that is created anew under it has another one, and a position of its own on the bus. */
  readonly id: string;
  readonly model: string;
  readonly alias: string;
  /** Where results are kept by key as well; empty keeps none. */
  readonly table: string;
  /** Members of the event's data that are the keys of the table. */
  readonly tableKeys: readonly string[];
  /** Begins with what the bus still has, not with what comes from now on. */
  readonly fromBeginning: boolean;
  readonly principal: string;
  readonly created: Micros;
}

export const slotOf = ({ workspace, model, alias }: StreamDefinition): SlotKey => ({ workspace, model, alias });

/** A stream and the server that scores it, as long as its lease holds. */
export interface LeasedStream {
  readonly definition: StreamDefinition;
  /** Empty when nobody does. */
  readonly owner: string;
}

/** On whose behalf definitions change. */
export interface StreamCall {
  readonly caller: Caller;
  readonly requestId: string;
  readonly traceparent?: string;
}

export type StreamDraft = Pick<
  StreamDefinition,
  'name' | 'model' | 'alias' | 'table' | 'tableKeys' | 'fromBeginning' | 'id'
>;

export interface StreamPage {
  readonly items: readonly LeasedStream[];
  readonly nextPageToken?: string;
}

/** Definitions of streams, and who scores which. Each call is one transaction. */
export interface StreamStore {
  /**
   * The new stream belongs to `owner` from the start, so that it has its place on the bus before its first event can come.
   * @throws {AlreadyExistsError} when the name is taken.
   */
  create(call: StreamCall, draft: StreamDraft, requestId: string, lease: StreamLease): Promise<StreamDefinition>;
  /** Idempotent. */
  delete(call: StreamCall, name: string, requestId: string): Promise<void>;
  get(key: StreamKey): Promise<LeasedStream | undefined>;
  /** By name. */
  list(workspace: string, page: { readonly pageSize: number; readonly pageToken: string }): Promise<StreamPage>;
  /** Streams of all workspaces. */
  listAll(): Promise<readonly LeasedStream[]>;
  /** Takes what nobody holds and renews what this owner holds. @returns the streams that it now holds. */
  lease(lease: StreamLease): Promise<readonly StreamDefinition[]>;
  /** Lets others take what this owner holds. */
  release(owner: string): Promise<void>;
}

export interface StreamLease {
  readonly owner: string;
  readonly leaseMs: number;
}
