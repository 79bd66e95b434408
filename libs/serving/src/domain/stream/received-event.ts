import type { Micros } from '@slipway/kernel';
import type { BusMessage, Delivery } from '@slipway/plugin-kit';
import type { StreamDefinition } from './stream.ts';

/** An event to score, as its envelope says. */
export interface ReceivedEvent {
  readonly id: string;
  readonly key: string;
  /** What it speaks of; ages of features are reckoned at it. */
  readonly time: Micros;
  readonly data: Readonly<Record<string, unknown>>;
  readonly traceparent: string | undefined;
}

/** The score of one event. */
export interface ScoredEvent {
  readonly event: ReceivedEvent;
  readonly model: string;
  readonly alias: string;
  readonly version: bigint;
  readonly digest: string;
  /** First value of each output; finite. */
  readonly outputs: Readonly<Record<string, number>>;
}

/** Events of a stream on the bus. */
export interface StreamMessages {
  /** @throws {InvalidArgumentError} EVENT_INVALID when it is no event of this stream. */
  read(stream: StreamDefinition, delivery: Delivery): ReceivedEvent;
  /** Its id follows from the event: however often it is published, it is stored once. */
  result(stream: StreamDefinition, scored: ScoredEvent): BusMessage;
  /** The same of a dead letter. */
  deadLetter(stream: StreamDefinition, delivery: Delivery, error: unknown): BusMessage;
}
