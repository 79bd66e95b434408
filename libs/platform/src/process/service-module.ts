import type { Clock, Component, IdSource, Logger, Random } from '@slipway/kernel';
import type { PortName } from '@slipway/plugin-kit';
import type { Config } from '../config/read-config.ts';
import type { Settings } from '../config/setting.ts';
import type { DriverByPort, PluginRegistry } from '../plugins/plugin-registry.ts';
import type { HttpListenerName, HttpRoutes } from '../http/route.ts';
import type { ServiceImplementation } from '../rpc/handler.ts';
import type { InvokerDependencies } from '../rpc/invoker.ts';
import type { MetricsRegistry } from '../telemetry/metrics-registry.ts';
import type { Readiness } from '../telemetry/metrics-server.ts';
import type { PlatformSettings } from './process-settings.ts';

export const LISTENERS = ['grpc', 'inference'] as const;
export type ListenerName = (typeof LISTENERS)[number];
/** Every port a process may open beside its metrics. */
export type AnyListenerName = ListenerName | HttpListenerName;

/** One service of the system, ready to be hosted; a process hosts one of them or all. */
export interface ServiceModule {
  readonly name: string;
  /** Where its services listen. */
  readonly listener: ListenerName;
  readonly services: readonly ServiceImplementation[];
  /** What it answers over HTTP, beside or instead of services. */
  readonly http?: HttpRoutes;
  /** Started in this order before the listeners, drained and stopped in reverse after them. */
  readonly components: readonly Component[];
  /** Asked a few times a second and by probes: cheap, no I/O, never throws. False turns health to NOT_SERVING. */
  isReady(): Readiness;
}

/** What an app's `compose` makes of the context. */
export interface Composition {
  readonly modules: readonly ServiceModule[];
  /** Shared by the modules, e.g. the event bus; started before theirs. */
  readonly components?: readonly Component[];
}

/** What a process has before its services exist. */
export interface ProcessContext<Known extends Settings = Settings> {
  readonly config: Config<Known & PlatformSettings>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly random: Random;
  readonly metrics: MetricsRegistry;
  readonly plugins: PluginRegistry;
  /** Absolute; locked for this process. */
  readonly dataDirectory: string;
  /** For clients within the process: the same chain that the listeners use. */
  readonly invokerDependencies: InvokerDependencies;
  /** A new driver of the kind that `<port>.driver` picks; who calls this opens and closes it. */
  createDriver<Port extends PortName>(port: Port): DriverByPort[Port];
}
