import type { Micros } from './clock.ts';

/** Where an event belongs; its subject is `slipway.v<version>.<workspace>.<domain>.<noun>.<verb>.<key>`. */
export interface EventSubject {
  readonly version: number;
  readonly domain: string;
  readonly noun: string;
  readonly verb: string;
}

/** A kind of fact. `Payload` is its wire message; a domain's codec maps its own types to it. */
export interface EventDefinition<Payload> {
  readonly subject: EventSubject;
  /** CloudEvents type, e.g. `slipway.registry.alias.moved.v1`. */
  readonly type: string;
  /** Full name of the payload message, e.g. `slipway.registry.v1.AliasMoved`. */
  readonly schema: string;
  /** Order holds among events with the same workspace and key, and only among these. */
  key(payload: Payload): string;
  /** A real-looking payload for the documentation. */
  readonly sample: Payload;
}

/** The only way to declare an event kind; `libs/contracts` holds all of them. */
export function defineEvent<Payload>(definition: Omit<EventDefinition<Payload>, 'type'>): EventDefinition<Payload> {
  const { version, domain, noun, verb } = definition.subject;
  return Object.freeze({ ...definition, type: `slipway.${domain}.${noun}.${verb}.v${version}` });
}

/** A fact as the outbox keeps it: workspace, key and time are fixed when the state changes, not when it is published. */
export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: EventSubject;
  readonly workspace: string;
  readonly key: string;
  readonly time: Micros;
  /** proto3 JSON of the payload message. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Full name of the payload message, e.g. `slipway.registry.v1.AliasMoved`. */
  readonly schema: string;
  /** W3C trace context of the call that caused it. */
  readonly traceparent?: string;
}
