import type { Component, Logger } from '@slipway/kernel';
import { ConfigError } from '../config/config-error.ts';
import { describeSettings, printConfig } from '../config/print-config.ts';
import { readConfig, type Config } from '../config/read-config.ts';
import { composeSettings, type Settings } from '../config/setting.ts';
import type { Environment } from '../config/sources.ts';
import { noneAuthenticator } from '../identity/none-authenticator.ts';
import { tokensAuthenticator } from '../identity/tokens-authenticator.ts';
import { createHttpMetrics } from '../http/http-metrics.ts';
import { HTTP_LISTENERS } from '../http/route.ts';
import { createHost } from '../lifecycle/host.ts';
import { describeError, runProcess, type ProcessHandle } from '../lifecycle/run-process.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import { PluginRegistry, type AnyPlugin } from '../plugins/plugin-registry.ts';
import { createLogger } from '../telemetry/logger.ts';
import { MetricsServer } from '../telemetry/metrics-server.ts';
import { createTracing } from '../telemetry/tracing.ts';
import { createListeners, type Listeners } from './listeners.ts';
import { createAnnouncement, describePorts, type BoundPorts } from './ports-file.ts';
import { prepareContext, type PreparedContext } from './process-context.ts';
import {
  httpListenerSettings,
  inferenceHttpListenerSettings,
  inferenceListenerSettings,
  platformSettings,
  type PlatformSettings,
} from './process-settings.ts';
import { readTls } from './read-tls.ts';
import type { AnyListenerName, Composition, ProcessContext } from './service-module.ts';

/** What makes one app different from another. */
export interface ProcessDefinition<Known extends Settings> {
  readonly name: string;
  readonly version: string;
  /** Beside those of the platform. */
  readonly settings: Known;
  /** Which listeners it may open; `grpc` alone when left out. */
  readonly listeners?: readonly AnyListenerName[];
  /** Beside the authenticators `none` and `tokens`. */
  readonly builtInPlugins: readonly AnyPlugin[];
  compose(context: ProcessContext<Known>): Composition | Promise<Composition>;
}

/** What is needed of `process`; `main.ts` hands in the real one. */
export interface ProcessRuntime extends ProcessHandle {
  readonly argv: readonly string[];
  readonly env: Environment;
  cwd(): string;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
}

/**
 * All of an app's `main.ts`: reads the configuration, composes the services and runs them until a signal. Answers `--help`, `--version` and
 * `--print-config` without starting anything. What cannot start says why on standard error and exits with 1.
 */
export async function startSlipwayProcess<Known extends Settings>(
  definition: ProcessDefinition<Known>,
  runtime: ProcessRuntime,
): Promise<void> {
  const settings = composeSettings(ownSettings(definition.listeners ?? ['grpc']), definition.settings);
  const argv = runtime.argv.slice(2);
  if (argv.includes('--help')) return void runtime.stdout.write(`${describeSettings(definition.name, settings)}\n`);
  if (argv.includes('--version')) return void runtime.stdout.write(`${definition.name} ${definition.version}\n`);
  try {
    await configureAndRun(definition, settings, argv, runtime);
  } catch (error) {
    runtime.stderr.write(
      `${error instanceof ConfigError ? error.describe() : `cannot start: ${describeError(error)}`}\n`,
    );
    runtime.exit(1);
  }
}

/** Listeners that not every process has, with their settings. */
const OPTIONAL_LISTENERS: Readonly<Partial<Record<AnyListenerName, Settings>>> = {
  inference: inferenceListenerSettings,
  http: httpListenerSettings,
  'inference-http': inferenceHttpListenerSettings,
};

/** A process without a listener does not answer to the settings of it. */
function ownSettings(listeners: readonly AnyListenerName[]): PlatformSettings {
  const absent = Object.entries(OPTIONAL_LISTENERS).flatMap(([listener, settings]) =>
    listeners.includes(listener as AnyListenerName) ? [] : Object.keys(settings),
  );
  const left = Object.entries(platformSettings).filter(([key]) => !absent.includes(key));
  return Object.fromEntries(left) as unknown as PlatformSettings;
}

async function configureAndRun<Known extends Settings>(
  definition: ProcessDefinition<Known>,
  settings: PlatformSettings & Known,
  argv: readonly string[],
  runtime: ProcessRuntime,
): Promise<void> {
  let plugins = new PluginRegistry();
  const early: (readonly [fields: Readonly<Record<string, unknown>>, message: string])[] = [];
  const config = await readConfig({
    settings,
    argv,
    env: runtime.env,
    workingDirectory: runtime.cwd(),
    loadDrivers: async (names, configDirectory) => {
      const builtIn = [noneAuthenticator, tokensAuthenticator, ...definition.builtInPlugins];
      // there is no logger yet: its level is in the configuration that is being read
      const log = { info: (...line: (typeof early)[number]) => void early.push(line) };
      plugins = await loadPlugins({ names, configDirectory, builtIn, log });
      return plugins;
    },
  });
  if (config.printConfig) return void runtime.stdout.write(printConfig(config.entries));
  // one configuration under two views: of all settings, and of those that are known here
  const own = config as unknown as Config<PlatformSettings>;
  const pretty =
    own.get('log.format') === 'pretty' || (own.get('log.format') === 'auto' && runtime.stdout.isTTY === true);
  const { name: service, version } = definition;
  const log = createLogger({ level: own.get('log.level'), service, version, pretty, out: runtime.stdout });
  for (const [fields, message] of early) log.info(fields, message);
  const listeners = definition.listeners ?? ['grpc'];
  const prepared = prepareContext(config as unknown as Config<Known & PlatformSettings>, own, plugins, listeners, log);
  const process = await assemble(definition, own, prepared, log).catch((error: unknown) => {
    prepared.dataDirectory.release();
    throw error;
  });
  const { clock } = prepared.context;
  const host = createHost(process.components, { drainBudgetMs: own.get('drain.budget-ms'), log, clock });
  await runProcess(host, runtime, log);
  if (pretty && host.state === 'serving')
    runtime.stdout.write(describePorts(service, describeRows(own, process.ports())));
}

interface Assembled {
  /** In the order of their start. */
  readonly components: readonly Component[];
  readonly ports: () => BoundPorts;
}

async function assemble<Known extends Settings>(
  definition: ProcessDefinition<Known>,
  own: Config<PlatformSettings>,
  { authenticator, context, dataDirectory }: PreparedContext<Known>,
  log: Logger,
): Promise<Assembled> {
  const { modules, components = [] } = await definition.compose(context);
  const listeners: Listeners = createListeners({
    modules,
    addressOf: (listener) => ({ host: own.get(`${listener}.host`), port: own.get(`${listener}.port`) }),
    originsOf: (listener) => ({
      allowedHosts: own.get(`${listener}.allowed-hosts`),
      allowedOrigins: own.get(`${listener}.allowed-origins`),
    }),
    httpMetrics: () => createHttpMetrics(context.metrics),
    dependencies: context.invokerDependencies,
    reflection: own.get('grpc.reflection'),
    tls: readTls(own),
    noticeMs: own.get('drain.notice-ms'),
    clock: context.clock,
    log,
  });
  const metricsServer = new MetricsServer({
    host: own.get('metrics.host'),
    port: own.get('metrics.port'),
    registry: context.metrics,
    isReady: () => listeners.isReady(),
    log,
  });
  const ports = (): BoundPorts => ({ ...listeners.ports, metrics: metricsServer.port });
  return {
    ports,
    components: [
      dataDirectory,
      ...tracingOf(definition, own, log),
      metricsServer, // early, so that probes see a process that starts slowly
      authenticator,
      ...components,
      ...modules.flatMap((module) => module.components),
      listeners,
      createAnnouncement({ ports, file: own.get('ports-file'), log }),
    ],
  };
}

function tracingOf(
  { name, version }: { readonly name: string; readonly version: string },
  own: Config<PlatformSettings>,
  log: Logger,
): readonly Component[] {
  const endpoint = own.get('otel.endpoint');
  if (endpoint === undefined) return [];
  const sampleRatio = own.get('otel.sample-ratio');
  return [createTracing({ endpoint: new URL(endpoint), service: name, version, sampleRatio, log })];
}

function describeRows(own: Config<PlatformSettings>, ports: BoundPorts): (readonly [string, string])[] {
  return Object.entries(ports).map(([name, port]) => {
    const host = own.get(`${name as AnyListenerName | 'metrics'}.host`);
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (name === 'metrics') return [name, `http://${address}/metrics  /livez  /readyz`];
    const scheme = own.get('tls.certificate-file') === undefined ? 'http' : 'https';
    const isHttp = (HTTP_LISTENERS as readonly string[]).includes(name);
    return [name, isHttp ? `${scheme}://${address}` : address];
  });
}
