import { Alarm, type Clock, type Component, type Logger } from '@slipway/kernel';
import { recordAttempt, type AttemptOutcome } from '../../domain/webhooks/attempt.ts';
import { openSecret } from '../../domain/webhooks/open-secret.ts';
import type { WebhookLimits } from '../../domain/webhooks/webhook-limits.ts';
import type {
  ClaimedDelivery,
  DeliveryQueue,
  WebhookSecrets,
  WebhookSender,
} from '../../domain/webhooks/webhook-ports.ts';

/** Deliveries that one process sends at once. */
const AT_ONCE = 8;
const PER_WEBHOOK = 2;
/** Beyond its timeout, for the database to be told what came of an attempt. */
const LEASE_SLACK_MS = 5_000;

export interface CourierOptions {
  readonly queue: DeliveryQueue;
  readonly sender: WebhookSender;
  readonly secrets: WebhookSecrets;
  readonly limits: WebhookLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Sends what is due. Any number of processes may run one. A delivery whose process dies is sent by another when its lease ends, so a receiver
 * may see it twice; deliveries to one receiver may overtake each other.
 */
export class WebhookCourier implements Component {
  readonly name = 'registry-webhook-courier';
  readonly #options: CourierOptions;
  readonly #alarm: Alarm;
  readonly #stopping = new AbortController();
  readonly #underWay = new Map<ClaimedDelivery, Promise<void>>();
  #running: Promise<void> | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
  }

  /** There may be something to send. */
  wake = (): void => this.#alarm.ring();

  start(): Promise<void> {
    this.#running ??= this.#loop(this.#stopping.signal);
    return Promise.resolve();
  }

  /** Attempts under way are ended and given back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#underWay.values());
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { limits, log } = this.#options;
    while (!signal.aborted) {
      let begun = 0;
      try {
        begun = await this.#begin(signal);
      } catch (error) {
        log.warn({ error }, 'looking for deliveries of webhooks failed; it is tried again');
      }
      if (begun === 0) await this.#alarm.sleep(limits.pollMs, signal);
    }
  }

  /** @returns how many deliveries it began to send. */
  async #begin(signal: AbortSignal): Promise<number> {
    const { queue, limits } = this.#options;
    const limit = AT_ONCE - this.#underWay.size;
    if (limit <= 0) return 0;
    const leaseMs = limits.timeoutMs + LEASE_SLACK_MS;
    const claimed = await queue.claim({ limit, perWebhook: PER_WEBHOOK, leaseMs, busy: this.#busy() });
    for (const delivery of claimed) {
      const sent = this.#deliver(delivery, signal).finally(() => {
        this.#underWay.delete(delivery);
        this.wake();
      });
      this.#underWay.set(delivery, sent);
    }
    return claimed.length;
  }

  #busy(): readonly string[] {
    return [...new Set([...this.#underWay.keys()].map(({ webhookId }) => webhookId))];
  }

  async #deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<void> {
    const { queue, limits, clock, log } = this.#options;
    const about = { delivery: delivery.id, webhook: delivery.webhookId };
    try {
      const outcome = await this.#send(delivery, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return undefined;
      });
      if (!outcome) return await queue.release(delivery);
      const record = recordAttempt(outcome, delivery.attempts, limits, clock.now());
      await queue.finish(delivery, record);
      if (record.state === 'failed') {
        log.warn(
          { ...about, attempts: record.attempts, reason: record.errorMessage },
          'a webhook was not told; it is in its log',
        );
      }
    } catch (error) {
      log.warn({ ...about, error }, 'a delivery is left to the end of its lease');
    }
  }

  async #send(delivery: ClaimedDelivery, signal: AbortSignal): Promise<AttemptOutcome> {
    const { sender, secrets } = this.#options;
    const { id, body, url, sealedSecret } = delivery;
    const secret = openSecret(secrets, sealedSecret, delivery);
    if (typeof secret !== 'string') return { kind: 'refused', message: secret.message };
    return sender.send({ id, body, url, secret }, signal);
  }
}
