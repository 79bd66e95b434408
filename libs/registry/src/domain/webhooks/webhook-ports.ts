import type { Clock, IdSource, Micros } from '@slipway/kernel';
import type { Page, PageRequest } from '../paging.ts';
import type { AuditEntry, Call } from '../unit-of-work.ts';
import type { AttemptOutcome, AttemptRecord } from './attempt.ts';
import type { SignedPart } from './signature.ts';
import type { Webhook, WebhookDelivery } from './webhook.ts';

/** Webhooks of one workspace. */
export interface WebhookReads {
  get(id: string): Promise<Webhook | undefined>;
  /** In the order in which they were made. */
  list(page: PageRequest): Promise<Page<Webhook>>;
  /** Newest first. */
  deliveries(webhookId: string, page: PageRequest): Promise<Page<WebhookDelivery>>;
}

export interface WebhookTransaction extends WebhookReads {
  readonly now: Micros;
  /** How many there are; whoever else counts waits until this transaction ends. */
  lockCount(): Promise<number>;
  /** As `get`; whoever else locks it waits until this transaction ends. */
  lock(id: string): Promise<Webhook | undefined>;
  insert(webhook: Webhook): Promise<void>;
  update(webhook: Webhook): Promise<void>;
  /** With its deliveries. */
  delete(id: string): Promise<void>;
  /** Makes a delivery due at once, its attempts beginning again. @returns it, or undefined when there is none of that id. */
  redeliver(deliveryId: string): Promise<WebhookDelivery | undefined>;
  readonly audit: { add(entry: AuditEntry): void };
  /** As that of the registry's transaction. */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface WebhookStore {
  run<Result>(call: Call, work: (tx: WebhookTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Call['caller'], work: (reads: WebhookReads) => Promise<Result>): Promise<Result>;
}

/** A delivery that is this process's to send until its lease ends. */
export interface ClaimedDelivery extends Omit<SignedPart, 'secret'>, SecretOwner {
  readonly url: string;
  readonly sealedSecret: string;
  readonly attempts: number;
  readonly lease: string;
}

/** What waits to be sent, of all workspaces. */
export interface DeliveryQueue {
  /**
   * Takes deliveries that are due, at most `perWebhook` of each webhook. After `leaseMs` others may take what is not finished.
   * @param busy ids of webhooks that are passed over.
   */
  claim(wanted: { limit: number; perWebhook: number; leaseMs: number; busy: readonly string[] }): Promise<readonly ClaimedDelivery[]>; // prettier-ignore
  /** Writes down what came of an attempt; without effect when the lease is lost. */
  finish(delivery: ClaimedDelivery, record: AttemptRecord): Promise<void>;
  /** Gives it back for others to take at once. */
  release(delivery: ClaimedDelivery): Promise<void>;
  /** Removes a bounded number of deliveries of before `time`. @returns how many. */
  prune(time: Micros): Promise<number>;
}

/** Seals what must not be read in a database, its back-ups or its logs. */
export interface WebhookSecrets {
  /** @param owner what the secret belongs to; it opens for nobody else. @returns printable text; '' for ''. */
  seal(secret: string, owner: SecretOwner): string;
  /** @throws {Error} when it was sealed with another key or for another owner. */
  open(sealed: string, owner: SecretOwner): string;
}

export interface SecretOwner {
  readonly workspace: string;
  readonly webhookId: string;
}

/** The way out. */
export interface WebhookSender {
  /**
   * Refuses an address that is not https, has a user, password or fragment, or leads into the installation. A name that cannot be looked up now
   * passes: every call looks again.
   * @throws {InvalidArgumentError} on field url, reason WEBHOOK_URL_REFUSED.
   */
  check(url: string, signal: AbortSignal): Promise<void>;
  /** One attempt, with the same checks; rejects only when the signal aborts. */
  send(delivery: SignedPart & { readonly url: string }, signal: AbortSignal): Promise<AttemptOutcome>;
}

/** What the use cases of webhooks work with. */
export interface WebhookDependencies {
  readonly webhooks: WebhookStore;
  readonly sender: WebhookSender;
  readonly secrets: WebhookSecrets;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Tells the courier of this process that there is something to send. */
  readonly wake: () => void;
}
