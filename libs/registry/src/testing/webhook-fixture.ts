import { createHmac } from 'node:crypto';
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { webhookService, type WebhookService } from '@slipway/contracts/slipway.registry.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, type Clock, type IdSource } from '@slipway/kernel';
import type { Database, DatabaseTarget, UnitOfWork } from '@slipway/persistence';
import { openTestDatabase } from '@slipway/persistence/testing';
import { createInvoker } from '@slipway/platform';
import { encodeFact } from '../rpc/event-codecs.ts';
import { createWebhooks, type WebhookOptions } from '../service/webhooks/create-webhooks.ts';
import { registryEntities } from '../store/entities.ts';
import { registryMigrations } from '../store/migrations/registry-migrations.ts';
import { createRegistryUnitOfWork } from '../store/registry-unit-of-work.ts';
import { callerOf, registryFixture, type RegistryFixture } from './registry-fixture.ts';
import type { Received } from './webhook-receiver.ts';

/** Use cases of the registry and the service of webhooks on one database. */
export interface WebhookFixture {
  readonly deps: RegistryFixture;
  readonly unitOfWork: UnitOfWork;
  readonly ids: IdSource;
  connect(principal: string, workspace?: string): Client<WebhookService>;
  /** Begins to send. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface FixtureOptions {
  readonly webhooks: WebhookOptions;
  readonly clock?: Clock;
  /** Of ids; different for fixtures on one database. */
  readonly seed?: number;
  readonly atStep?: (step: string) => void;
}

export async function webhookFixture(target: DatabaseTarget, options: FixtureOptions): Promise<WebhookFixture> {
  const { webhooks, clock = systemClock, seed = 5, atStep } = options;
  const schema = { entities: registryEntities, migrations: registryMigrations };
  const opened: { database: Database; unitOfWork: UnitOfWork } = await openTestDatabase(target, {
    ...schema,
    clock,
    seed,
    ...(atStep && { atStep }),
  });
  const { database, unitOfWork } = opened;
  const ids = createIdSource(clock, seededRandom(seed + 1));
  const shared = { clock, ids, log: silentLogger };
  const created = createWebhooks(webhooks, { ...shared, unitOfWork });
  const registry = createRegistryUnitOfWork(unitOfWork, encodeFact, { ids, wake: created.wake });
  return {
    deps: registryFixture(registry, clock, { seed: seed + 2 }),
    unitOfWork,
    ids,
    connect: (principal, workspace = 'default') => {
      const metrics = { started: () => undefined, finished: () => undefined };
      const resolveCaller = () => Promise.resolve(callerOf(principal, workspace));
      const invokers = [createInvoker(created.service, { ...shared, metrics, resolveCaller })];
      return createClient(webhookService, inProcessTransport({ invokers, clock: systemClock, token: () => 'any' }));
    },
    start: async () => {
      for (const component of created.components) await component.start(AbortSignal.timeout(10_000));
    },
    stop: async () => {
      for (const component of [...created.components].reverse()) await component.stop();
      await database.close();
    },
  };
}

/** What a receiver computes to know who sent it. */
export function signatureFor(secret: string, { headers, body }: Received): string {
  const content = `${String(headers['x-mlflow-delivery-id'])}.${String(headers['x-mlflow-timestamp'])}.${body}`;
  return `v1,${createHmac('sha256', secret).update(content).digest('base64')}`;
}

export const eventNamed = (name: string) => {
  const [entity = '', action = ''] = name.split('.');
  return { entity, action };
};

export const EVERY_EVENT = [
  'REGISTERED_MODEL.CREATED',
  'REGISTERED_MODEL.DELETED',
  'MODEL_VERSION.CREATED',
  'MODEL_VERSION.DELETED',
  'MODEL_VERSION_TAG.SET',
  'MODEL_VERSION_TAG.DELETED',
  'MODEL_VERSION_ALIAS.CREATED',
  'MODEL_VERSION_ALIAS.DELETED',
];
