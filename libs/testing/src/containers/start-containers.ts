import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import deployed from '../../../../deploy/images.json' with { type: 'json' };
import { freePort } from '../free-port.ts';
import { writeTokensFile, type TokenHolderSpec, type Tokens } from '../processes/tokens.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { openEngine, type Engine, type NoEngine } from './engine.ts';
import { exclusiveUse } from './exclusive-use.ts';
import { buildImages } from './images.ts';
import { runProgram } from './run-program.ts';

export interface ContainersOptions<Name extends string = never> {
  /** Who may call the services. */
  readonly tokens: Readonly<Record<Name, TokenHolderSpec>>;
}

/** What deploy/compose.yaml runs, each service in a container of its own, published on free ports of 127.0.0.1. */
export interface Containers<Name extends string = string> {
  /** `host:port` of each service's gRPC services. */
  readonly addresses: Readonly<Record<keyof typeof ADDRESSES, string>>;
  /** Base URL of the gateway. */
  readonly gatewayUrl: string;
  readonly nats: { readonly url: string; readonly user: string; readonly password: string };
  readonly tokens: Tokens<Name>;
  /** Milliseconds from `compose up` until every health check passes, images built. */
  readonly readyAfterMs: number;
  /** Milliseconds that engine and images took before that. */
  readonly preparedAfterMs: number;
  /** Runs the client of the engine. @returns its standard output. */
  readonly docker: (...args: readonly string[]) => Promise<string>;
  /** Runs Compose on the project, e.g. `compose('kill', '-s', 'KILL', 'serving')`. */
  readonly compose: (...args: readonly string[]) => Promise<string>;
  /** Waits until a service is healthy again, e.g. after `compose('start', ...)`. */
  readonly untilHealthy: (service: string) => Promise<void>;
  /** Removes containers, networks and volumes, and the engine if it was started here. Safe to call twice. */
  stop(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '../../../..');
const TURN_MS_MAX = 600_000;
const COMMAND_MS_MAX = 180_000;
const HEALTHY_MS_MAX = 90_000;
const SERVICES = [...deployed.services, 'nats', 'postgres', 'valkey', 's3'];
/** Where compose.yaml publishes what. */
const ADDRESSES = {
  registry: 'SLIPWAY_REGISTRY_PORT',
  tracking: 'SLIPWAY_TRACKING_PORT',
  features: 'SLIPWAY_FEATURE_STORE_PORT',
  inference: 'SLIPWAY_INFERENCE_PORT',
  streams: 'SLIPWAY_STREAM_SCORER_PORT',
  batch: 'SLIPWAY_BATCH_RUNNER_PORT',
  routing: 'SLIPWAY_EXPERIMENT_ROUTER_PORT',
  monitoring: 'SLIPWAY_MONITOR_PORT',
} as const;
const OTHER_PORTS = ['SLIPWAY_INFERENCE_HTTP_PORT', 'SLIPWAY_HTTP_PORT', 'NATS_PORT'] as const;

/**
 * Builds the images, starts all containers and waits until they are healthy; only one caller of a machine at a time, others wait.
 * What was started is stopped again on failure.
 * @returns `unavailable` with what the machine lacks when no engine can be had. @throws {Error} with the logs when a service stays unhealthy.
 */
export async function startContainers<Name extends string = never>(
  options: ContainersOptions<Name>,
): Promise<Containers<Name> | NoEngine> {
  const release = await exclusiveUse('containers', TURN_MS_MAX);
  const stops: (() => Promise<void> | void)[] = [release];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const began = performance.now();
    const engine = await openEngine();
    if (!('unavailable' in engine)) stops.push(() => engine.stop());
    const images = 'unavailable' in engine ? engine : await buildImages(engine, ROOT);
    if ('unavailable' in engine || isNoEngine(images)) {
      await stop();
      return { unavailable: ('unavailable' in engine ? engine : (images as NoEngine)).unavailable };
    }
    const preparedAfterMs = performance.now() - began;
    return { ...(await startProject(engine, images, options.tokens, stops)), preparedAfterMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const isNoEngine = (value: object): value is NoEngine => 'unavailable' in value;

async function startProject<Name extends string>(
  engine: Engine,
  images: Readonly<Record<string, string>>,
  holders: Readonly<Record<Name, TokenHolderSpec>>,
  stops: (() => Promise<void> | void)[],
): Promise<Omit<Containers<Name>, 'stop' | 'preparedAfterMs'>> {
  const directory = temporaryDirectory('slipway-containers-');
  stops.push(() => directory.remove());
  const secrets = join(directory.path, 'secrets');
  const tokens = await makeSecrets(secrets, holders);
  const ports = Object.fromEntries(
    await Promise.all([...Object.values(ADDRESSES), ...OTHER_PORTS].map(async (name) => [name, `${await freePort()}`])),
  ) as Record<(typeof ADDRESSES)[keyof typeof ADDRESSES] | (typeof OTHER_PORTS)[number], string>;
  const env = {
    ...engine.env,
    ...images,
    SLIPWAY_SECRETS: secrets,
    SLIPWAY_PREDICTION_LOG_FLUSH_MS: '20',
    ...ports,
  };
  const files = [join(ROOT, 'deploy/compose.yaml'), join(import.meta.dirname, 'published.yaml')];
  const [program, ...first] = engine.compose;
  const project = ['--project-name', `slipway-test-${process.pid}`, ...files.flatMap((file) => ['--file', file])];
  const run = (command: string, args: readonly string[]): Promise<string> =>
    runProgram(command, args, { env, timeoutMs: COMMAND_MS_MAX });
  const docker = (...args: readonly string[]): Promise<string> => run(engine.docker, args);
  const compose = (...args: readonly string[]): Promise<string> => run(program, [...first, ...project, ...args]);
  const untilHealthy = (service: string): Promise<void> => waitForHealth(service, docker, compose);

  const began = performance.now();
  stops.push(async () => void (await compose('down', '--volumes', '--timeout', '25')));
  try {
    await compose('up', '--detach');
    for (const service of SERVICES) await untilHealthy(service);
  } catch (error) {
    const logs = await compose('logs', '--no-color', '--tail', '40').catch(String);
    throw new Error(`the containers did not get ready:\n${logs}`, { cause: error });
  }
  return {
    addresses: Object.fromEntries(
      Object.entries(ADDRESSES).map(([service, port]) => [service, `127.0.0.1:${ports[port]}`]),
    ) as Record<keyof typeof ADDRESSES, string>,
    gatewayUrl: `http://127.0.0.1:${ports.SLIPWAY_HTTP_PORT}`,
    nats: { url: `nats://127.0.0.1:${ports.NATS_PORT}`, user: 'slipway', password: natsPasswordOf(secrets) },
    readyAfterMs: performance.now() - began,
    tokens,
    docker,
    compose,
    untilHealthy,
  };
}

/** The secrets that an operator makes, and the holders of the test beside those. */
async function makeSecrets<Name extends string>(
  folder: string,
  holders: Readonly<Record<Name, TokenHolderSpec>>,
): Promise<Tokens<Name>> {
  const program = join(ROOT, 'deploy/make-secrets.ts');
  await runProgram(process.execPath, [program, '--folder', folder], { timeoutMs: COMMAND_MS_MAX });
  const [file, added] = [join(folder, 'tokens/tokens.json'), join(folder, 'test-tokens.json')];
  const tokens = writeTokensFile(added, holders);
  const entriesOf = (path: string): unknown[] =>
    (JSON.parse(readFileSync(path, 'utf8')) as { tokens: unknown[] }).tokens;
  writeFileSync(file, JSON.stringify({ tokens: [...entriesOf(file), ...entriesOf(added)] }));
  chmodSync(file, 0o444); // read by the account of the container
  return tokens;
}

function natsPasswordOf(secrets: string): string {
  const password = /password: "([^"]+)"/.exec(readFileSync(join(secrets, 'nats-users.conf'), 'utf8'))?.[1];
  if (password === undefined) throw new Error('nats-users.conf holds no password');
  return password;
}

async function waitForHealth(
  service: string,
  docker: Containers['docker'],
  compose: Containers['compose'],
): Promise<void> {
  const container = (await compose('ps', '--quiet', service)).trim();
  const giveUpAt = performance.now() + HEALTHY_MS_MAX;
  let health = '';
  while (performance.now() < giveUpAt) {
    health = (await docker('inspect', '--format', '{{.State.Health.Status}}', container)).trim();
    if (health === 'healthy') return;
    await delay(200);
  }
  throw new Error(`${service} is ${health} after ${HEALTHY_MS_MAX} ms`);
}
