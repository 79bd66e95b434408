import { InvalidArgumentError, type Micros } from '@slipway/kernel';

/** What a webhook can be told about: the actions of each entity, in the words of the contract. */
export const WEBHOOK_ACTIONS = {
  REGISTERED_MODEL: ['CREATED', 'DELETED'],
  MODEL_VERSION: ['CREATED', 'DELETED'],
  MODEL_VERSION_TAG: ['SET', 'DELETED'],
  MODEL_VERSION_ALIAS: ['CREATED', 'DELETED'],
} as const;

export type WebhookEntity = keyof typeof WEBHOOK_ACTIONS;

export interface WebhookEvent {
  readonly entity: WebhookEntity;
  readonly action: 'CREATED' | 'DELETED' | 'SET';
}

export interface Webhook {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  /** At least one, each once. */
  readonly events: readonly WebhookEvent[];
  readonly description: string;
  /** Sealed, see `WebhookSecrets`; not told to anybody; empty for none. */
  readonly sealedSecret: string;
  /** While it is not, nothing new is written down for it and what waits is not sent. */
  readonly active: boolean;
  readonly principal: string;
  readonly createTime: Micros;
  readonly updateTime: Micros;
}

export type DeliveryState = 'pending' | 'delivered' | 'failed';

/** One change, told to one webhook. */
export interface WebhookDelivery {
  readonly id: string;
  readonly webhookId: string;
  readonly event: WebhookEvent;
  /** JSON, the same bytes in each attempt. */
  readonly body: string;
  readonly state: DeliveryState;
  /** Those that ended, whatever became of them. */
  readonly attempts: number;
  /** Of HTTP, of the last attempt; 0 when there was no answer. */
  readonly responseStatus: number;
  /** Why the last attempt failed; empty when it did not. */
  readonly errorMessage: string;
  readonly createTime: Micros;
  /** Of the last attempt; undefined before the first one. */
  readonly attemptTime: Micros | undefined;
}

/** In one workspace: each change is written down once for each of them. */
export const WEBHOOKS_MAX = 50;

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** @throws {InvalidArgumentError} on field name. */
export function assertName(name: string): void {
  if (!NAME.test(name))
    throw InvalidArgumentError.of(
      'name',
      "use 1 to 63 letters, digits, '.', '_' and '-', with a letter or digit at both ends",
    );
}

const KNOWN = Object.entries(WEBHOOK_ACTIONS).flatMap(([entity, actions]) =>
  actions.map((action) => ({ entity, action }) as WebhookEvent),
);

/** `MODEL_VERSION.CREATED` */
export const eventName = ({ entity, action }: { entity: string; action: string }): string => `${entity}.${action}`;

/** @throws {InvalidArgumentError} reason WEBHOOK_EVENT_UNKNOWN, listing the known ones. */
export function readEvent(given: { entity: string; action: string }, field: string): WebhookEvent {
  const known = KNOWN.find((event) => eventName(event) === eventName(given));
  if (known) return known;
  const description = `there is no event '${eventName(given)}'; use ${KNOWN.map(eventName).join(', ')}`;
  throw InvalidArgumentError.of(field, description, { reason: 'WEBHOOK_EVENT_UNKNOWN', facts: {} });
}

/** Each event once, in the order given. @throws {InvalidArgumentError} when there is none, or an unknown one. */
export function readEvents(given: readonly { entity: string; action: string }[]): readonly WebhookEvent[] {
  if (given.length === 0) throw InvalidArgumentError.of('events', 'name at least one event');
  return [...new Set(given.map((event, index) => readEvent(event, `events[${index}]`)))];
}

export const isAbout = (events: readonly WebhookEvent[], event: WebhookEvent): boolean =>
  events.some((each) => eventName(each) === eventName(event));
