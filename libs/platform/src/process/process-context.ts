import { trace } from '@opentelemetry/api';
import { createIdSource, systemClock, systemRandom, type Component, type Logger } from '@slipway/kernel';
import type { Authenticator } from '@slipway/plugin-kit';
import type { Config } from '../config/read-config.ts';
import type { Settings } from '../config/setting.ts';
import { assertListenerAllowed } from '../identity/assert-listener.ts';
import { createCallerResolver } from '../identity/caller-resolver.ts';
import { ROLES } from '../identity/roles.ts';
import type { PluginRegistry } from '../plugins/plugin-registry.ts';
import { createMetricsRegistry } from '../telemetry/metrics-registry.ts';
import { createRpcMetrics } from '../telemetry/rpc-metrics.ts';
import { openDataDirectory, type DataDirectory } from './data-directory.ts';
import type { PlatformSettings } from './process-settings.ts';
import type { AnyListenerName, ProcessContext } from './service-module.ts';

/** The context for `compose`, and the parts of it that the process itself starts and stops. */
export interface PreparedContext<Known extends Settings> {
  readonly context: ProcessContext<Known>;
  readonly dataDirectory: DataDirectory;
  readonly authenticator: Component;
}

/**
 * Makes what every service needs. Nothing is open yet but the data directory, which is locked: stop it when the process does not start.
 * @throws {FailedPreconditionError} when the directory is in use, or a listener is open to others and nobody checks callers.
 */
export function prepareContext<Known extends Settings>(
  config: Config<Known & PlatformSettings>,
  own: Config<PlatformSettings>,
  plugins: PluginRegistry,
  listeners: readonly AnyListenerName[],
  log: Logger,
): PreparedContext<Known> {
  const clock = systemClock;
  const ids = createIdSource(clock, systemRandom);
  const metrics = createMetricsRegistry();
  const dataDirectory = openDataDirectory(own.get('data.directory'), clock, log);
  try {
    const createDriver: ProcessContext['createDriver'] = (port) => {
      const { name, config: parsed } = own.driver(port);
      const dependencies = {
        clock,
        ids,
        log: log.child({ port, driver: name }),
        dataDirectory: dataDirectory.folder(`${port}-${name}`),
      };
      return plugins.createParsed(port, name, parsed, dependencies);
    };
    const authenticator = createDriver('authenticator');
    for (const listener of listeners) {
      assertListenerAllowed(
        `${listener}.host`,
        own.get(`${listener}.host`),
        authenticator,
        own.driver('authenticator').name,
      );
    }
    const context: ProcessContext<Known> = {
      config,
      log,
      clock,
      ids,
      random: systemRandom,
      metrics,
      plugins,
      dataDirectory: dataDirectory.path,
      invokerDependencies: {
        clock,
        ids,
        log,
        metrics: createRpcMetrics(metrics),
        resolveCaller: createCallerResolver(authenticator, ROLES, log),
        ...(own.get('otel.endpoint') === undefined ? {} : { tracer: trace.getTracer('slipway') }),
      },
      createDriver,
    };
    return { context, dataDirectory, authenticator: asComponent(authenticator) };
  } catch (error) {
    dataDirectory.release();
    throw error;
  }
}

const asComponent = (authenticator: Authenticator): Component => ({
  name: 'authenticator',
  start: (signal) => authenticator.open(signal),
  stop: () => authenticator.close(),
});
