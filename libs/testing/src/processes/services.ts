import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startNats, type NatsServer } from '../servers/nats.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { startS3, type S3Server } from '../servers/s3.ts';
import { startSlipway, type SettingValue, type SlipwayProcess } from './slipway-process.ts';
import type { TokenHolderSpec } from './tokens.ts';

type Settings = Readonly<Record<string, SettingValue>>;

export interface ServicesOptions<Name extends string = never> {
  /** Who may call both services; the token between the services is made here. */
  readonly tokens: Readonly<Record<Name, TokenHolderSpec>>;
  readonly registry?: Settings;
  readonly serving?: Settings;
}

/** What a small installation runs: broker, database, object store and two services, each a process of its own. */
export interface Services<Name extends string = string> {
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly s3: S3Server;
  readonly registry: SlipwayProcess<Name | 'service'>;
  readonly serving: SlipwayProcess<Name>;
  stop(): Promise<void>;
}

/** @param registry a running one: its public key and its token `service` are what a serving process needs of it. */
export function servingSettings(registry: SlipwayProcess<'service'>): Settings {
  const keys = join(registry.dataDirectory, 'keys');
  const publicKey = readdirSync(keys).find((name) =>
    readFileSync(join(keys, name), 'utf8').includes('BEGIN PUBLIC KEY'),
  );
  if (publicKey === undefined) throw new Error(`the registry has published no key in ${keys}`);
  return {
    'registry.address': registry.grpcAddress,
    'registry.token': registry.tokens.service,
    'serving.trusted-key-files': [join(keys, publicKey)],
  };
}

/** The role `service` in every workspace: the token that a serving process shows to its registry. */
export const SERVICE_TOKEN: TokenHolderSpec = { principal: 'serving', workspaces: ['*'], roles: ['service'] };

/** Needs nats-server, postgres and versitygw. What was started is stopped again when a later one fails. */
export async function startServices<Name extends string = never>(
  options: ServicesOptions<Name>,
): Promise<Services<Name>> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  const started = async <Server extends { stop(): Promise<unknown> }>(server: Promise<Server>): Promise<Server> => {
    const running = await server;
    stops.push(() => running.stop());
    return running;
  };
  try {
    const nats = await started(startNats());
    const postgres = await started(startPostgres());
    const s3 = await started(startS3());
    const shared = {
      'event-bus.driver': 'nats',
      'event-bus.nats.servers': nats.url,
      'metadata.driver': 'postgresql',
      'metadata.url': await postgres.createDatabase(),
    };
    const bucket = {
      'artifact-store.driver': 's3',
      'artifact-store.s3.endpoint': s3.endpoint,
      'artifact-store.s3.region': s3.region,
      'artifact-store.s3.bucket': 'slipway',
      'artifact-store.s3.create-bucket': true,
      'artifact-store.s3.force-path-style': true,
      'artifact-store.s3.access-key-id': s3.accessKeyId,
      'artifact-store.s3.secret-access-key': s3.secretAccessKey,
    };
    const tokens = { ...options.tokens, service: SERVICE_TOKEN } as Record<Name | 'service', TokenHolderSpec>;
    const registry = await started(
      startSlipway<Name | 'service'>({
        app: 'registry',
        tokens,
        settings: { ...shared, ...bucket, ...options.registry },
      }),
    );
    const serving = await started(
      startSlipway<Name>({
        app: 'serving',
        tokens: withTokens(options.tokens, registry.tokens),
        settings: { ...shared, ...servingSettings(registry as SlipwayProcess<'service'>), ...options.serving },
      }),
    );
    return { nats, postgres, s3, registry, serving, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same holders with the tokens that another process has given them. */
export function withTokens<Name extends string>(
  holders: Readonly<Record<Name, TokenHolderSpec>>,
  tokens: Readonly<Record<Name, string>>,
): Record<Name, TokenHolderSpec> {
  const entries = Object.entries<TokenHolderSpec>(holders);
  return Object.fromEntries(
    entries.map(([name, holder]) => [name, { ...holder, token: tokens[name as Name] }]),
  ) as Record<Name, TokenHolderSpec>;
}
