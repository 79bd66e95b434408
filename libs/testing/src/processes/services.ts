import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { startNats, type NatsServer } from '../servers/nats.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';
import { startS3, type S3Server } from '../servers/s3.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { startSlipway, type SettingValue, type SlipwayApp, type SlipwayProcess } from './slipway-process.ts';
import { newToken, type TokenHolderSpec, type Tokens } from './tokens.ts';

type Settings = Readonly<Record<string, SettingValue>>;

/** Services with the app and the listener of each; the registry starts before all others, as they trust its key. */
const SERVICES = {
  registry: { app: 'registry', listener: 'grpc' },
  tracking: { app: 'tracking', listener: 'grpc' },
  features: { app: 'feature-store', listener: 'grpc' },
  monitoring: { app: 'monitor', listener: 'grpc' },
  routing: { app: 'experiment-router', listener: 'grpc' },
  serving: { app: 'serving', listener: 'inference' },
  streams: { app: 'stream-scorer', listener: 'grpc' },
  batch: { app: 'batch-runner', listener: 'grpc' },
} as const satisfies Record<string, { app: SlipwayApp; listener: 'grpc' | 'inference' }>;
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];

/** First words of the settings with which a service reaches others, and who these are. */
const UPSTREAMS: Readonly<Partial<Record<ServiceName, Readonly<Record<string, ServiceName>>>>> = {
  registry: { tracking: 'tracking' },
  monitoring: { registry: 'registry' },
  routing: { registry: 'registry', monitor: 'monitoring' },
  serving: { registry: 'registry', features: 'features', routing: 'routing' },
  streams: { registry: 'registry', features: 'features' },
  batch: { registry: 'registry', features: 'features', tracking: 'tracking', routing: 'routing' },
};
/** Settings that name the keys whose packages are believed. */
const TRUSTED_KEYS: Readonly<Partial<Record<ServiceName, string>>> = {
  monitoring: 'monitoring.trusted-key-files',
  serving: 'serving.trusted-key-files',
  streams: 'serving.trusted-key-files',
  batch: 'batch.trusted-key-files',
};
/** Those that keep files. */
const STORED: ReadonlySet<ServiceName> = new Set(['registry', 'tracking', 'features', 'batch']);

export interface ServicesOptions<Name extends string = never> {
  /** Who may call the services; the token between the services is made here. */
  readonly tokens: Readonly<Record<Name, TokenHolderSpec>>;
  readonly settings?: Readonly<Partial<Record<ServiceName, Settings>>>;
}

/** What a small installation runs: broker, database, object store and the services, each a process of its own. */
export interface Services<Name extends string = string> {
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly s3: S3Server;
  readonly redis: RedisServer;
  readonly tokens: Tokens<Name | 'service'>;
  /** `host:port`; the same after a crash. */
  addressOf(service: ServiceName): string;
  /** Kills the process as it stands and starts another one over what it left; resolves when that one listens. */
  crash(service: ServiceName): Promise<void>;
  stop(): Promise<void>;
}

/** @param registry a running one: its public key and its token `service` are what a serving process needs of it. */
export function servingSettings(registry: SlipwayProcess<'service'>): Settings {
  return {
    'registry.address': registry.grpcAddress,
    'registry.token': registry.tokens.service,
    'serving.trusted-key-files': [publicKeyOf(registry.dataDirectory)],
  };
}

function publicKeyOf(dataDirectory: string): string {
  const keys = join(dataDirectory, 'keys');
  const isPublic = (name: string): boolean => readFileSync(join(keys, name), 'utf8').includes('BEGIN PUBLIC KEY');
  const publicKey = readdirSync(keys).find(isPublic);
  if (publicKey === undefined) throw new Error(`the registry has published no key in ${keys}`);
  return join(keys, publicKey);
}

/** The token that services show to each other: the role `service` in every workspace, and what the steps of pipelines need. */
export const SERVICE_TOKEN: TokenHolderSpec = {
  principal: 'service',
  workspaces: ['*'],
  roles: ['service', 'pipelines'],
};

/** Needs nats-server, postgres, redis-server and versitygw. What was started is stopped again when a later one fails. */
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
    const directory = temporaryDirectory('slipway-services-');
    stops.push(() => Promise.resolve(directory.remove()));
    const [nats, postgres, s3, redis] = await allOf([
      started(startNats()),
      started(startPostgres()),
      started(startS3()),
      started(startRedis({ appendOnly: true })),
    ]);
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
    const ports = Object.fromEntries(
      await Promise.all(SERVICE_NAMES.map(async (name) => [name, await freePort()] as const)),
    ) as Record<ServiceName, number>;
    const addressOf = (name: ServiceName): string => `127.0.0.1:${ports[name]}`;
    const service = { ...SERVICE_TOKEN, token: newToken() };
    let holders = { ...options.tokens, service } as Record<Name | 'service', TokenHolderSpec>;
    const processes = new Map<ServiceName, SlipwayProcess<Name | 'service'>>();
    stops.push(() => Promise.all([...processes.values()].map((process) => process.stop())));

    const online = { 'online-store.driver': 'redis', 'online-store.redis.address': redis.address };
    const settingsOf = (name: ServiceName): Settings => {
      const registry = processes.get('registry');
      const upstreams = Object.entries(UPSTREAMS[name] ?? {}).flatMap(([setting, upstream]) => [
        [`${setting}.address`, addressOf(upstream)],
        [`${setting}.token`, service.token],
      ]);
      const keys = TRUSTED_KEYS[name];
      return {
        ...shared,
        ...(STORED.has(name) && bucket),
        ...(name === 'features' && online),
        ...Object.fromEntries(upstreams),
        ...(keys !== undefined && registry && { [keys]: [publicKeyOf(registry.dataDirectory)] }),
      };
    };
    const start = async (name: ServiceName): Promise<void> => {
      const { app, listener } = SERVICES[name];
      const own = join(directory.path, name);
      mkdirSync(own, { recursive: true });
      const settings = { ...settingsOf(name), [`${listener}.port`]: ports[name], ...options.settings?.[name] };
      processes.set(name, await startSlipway<Name | 'service'>({ app, tokens: holders, directory: own, settings }));
    };
    await start('registry');
    const tokens = (processes.get('registry') as SlipwayProcess<Name | 'service'>).tokens;
    holders = withTokens(holders, tokens); // every process knows the same ones
    await allOf(SERVICE_NAMES.slice(1).map(start));
    const crash = async (name: ServiceName): Promise<void> => {
      await processes.get(name)?.kill('SIGKILL');
      await start(name);
    };
    return { nats, postgres, s3, redis, tokens, addressOf, crash, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for the others, too, before it fails with the first failure: then all that has started is known and can be stopped. */
async function allOf<const Starts extends readonly Promise<unknown>[]>(
  starts: Starts,
): Promise<{ -readonly [Index in keyof Starts]: Awaited<Starts[Index]> }> {
  await Promise.allSettled(starts);
  return Promise.all(starts);
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
