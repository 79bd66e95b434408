/** A bus or what it stands on. */
export type Side = 'ours' | 'bare';

export type BusPlan =
  /** Comes first; `url` is that of a NATS server. */
  | { readonly driver: 'sqlite' | 'nats'; readonly directory: string; readonly url: string; readonly seed: number }
  /** Publishes, then consumes what was published; answered with a `BusMeasure`. */
  | { readonly side: Side; readonly messages: number };

/** Messages per second. */
export interface BusMeasure {
  readonly published: number;
  readonly consumed: number;
}

/** Bytes of each message. */
export const MESSAGE_BYTES = 200;
/** Messages of one publish call, one transaction, or not yet confirmed. */
export const WINDOW = 256;

/** Both directions of one side, on messages that were not seen before. */
export interface BusSide {
  /** Resolves when all are durable. */
  publish(messages: readonly Payload[]): Promise<void>;
  /** Consumes as many messages as were published since the last time; resolves when all are acknowledged. */
  consume(messages: number): Promise<void>;
  close(): Promise<void>;
}

export interface Payload {
  readonly id: string;
  readonly key: string;
  readonly data: Uint8Array;
}
