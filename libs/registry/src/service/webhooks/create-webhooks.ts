import { lookup } from 'node:dns/promises';
import { webhookService } from '@slipway/contracts/slipway.registry.v1';
import { DEFAULT_WORKSPACE, RecurringTask, type Clock, type Component, type IdSource, type Logger, type Random, type Secret } from '@slipway/kernel'; // prettier-ignore
import type { UnitOfWork } from '@slipway/persistence';
import { implementService, type ServiceImplementation } from '@slipway/platform';
import type { WebhookLimits } from '../../domain/webhooks/webhook-limits.ts';
import type { DeliveryQueue } from '../../domain/webhooks/webhook-ports.ts';
import { webhookHandlers } from '../../rpc/webhook-handlers.ts';
import { createDeliveryQueue } from '../../store/webhook-queue.ts';
import { webhookSecrets } from '../../store/webhook-secrets.ts';
import { createWebhookStore } from '../../store/webhook-store.ts';
import { createHttpSender } from './http-webhook-sender.ts';
import { WebhookCourier } from './webhook-courier.ts';
import type { Resolve } from './webhook-target.ts';

/** What an installation decides about webhooks. */
export interface WebhookOptions {
  /** 64 hex digits. */
  readonly key: Secret;
  readonly limits: WebhookLimits;
  /** `host` or `host:port` that may be called over http and at private addresses. */
  readonly allowedHosts: readonly string[];
  /** Of cryptographic strength. */
  readonly random: Random;
  /** Looks names up; left out: as this machine does. */
  readonly resolve?: Resolve;
}

export interface WebhookParts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly unitOfWork: UnitOfWork;
}

export interface CreatedWebhooks {
  readonly service: ServiceImplementation;
  readonly components: readonly Component[];
  /** There may be something to send. */
  readonly wake: () => void;
}

const PRUNE_EVERY_MS = 3_600_000;
const PRUNE_ROUNDS_MAX = 1000;
const DAY_MICROS = 86_400_000_000n;

/** Everything about webhooks but what is written down with the changes. */
export function createWebhooks(
  options: WebhookOptions,
  { clock, ids, log, unitOfWork }: WebhookParts,
): CreatedWebhooks {
  const { key, limits, allowedHosts, random, resolve = resolveHere } = options;
  const secrets = webhookSecrets(Buffer.from(key.reveal(), 'hex'), random);
  const sender = createHttpSender({ clock, timeoutMs: limits.timeoutMs, allowedHosts, resolve });
  const queue = createDeliveryQueue(unitOfWork, { ids, call: COURIER_CALL });
  const courier = new WebhookCourier({ queue, sender, secrets, limits, clock, log });
  const pruning = new RecurringTask({
    name: 'registry-webhook-log',
    everyMs: PRUNE_EVERY_MS,
    work: (signal) => prune(queue, clock.now() - BigInt(limits.logDays) * DAY_MICROS, signal),
    failure: 'removing old deliveries of webhooks failed; it is tried again',
    clock,
    log,
  });
  const webhooks = createWebhookStore(unitOfWork);
  const handlers = webhookHandlers({ webhooks, sender, secrets, clock, ids, wake: courier.wake });
  return { service: implementService(webhookService, handlers), components: [courier, pruning], wake: courier.wake };
}

const resolveHere: Resolve = (host) => lookup(host, { all: true, verbatim: true });

async function prune(queue: DeliveryQueue, before: bigint, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < PRUNE_ROUNDS_MAX && !signal.aborted; round++) {
    if ((await queue.prune(before)) === 0) return;
  }
}

/** The courier acts for all workspaces and needs no permission: it calls no use case that a caller can. */
const COURIER_CALL = {
  caller: {
    principal: 'registry-webhook-courier',
    workspace: DEFAULT_WORKSPACE,
    allWorkspaces: true,
    permissions: new Set<string>(),
  },
  requestId: 'registry-webhook-courier',
};
