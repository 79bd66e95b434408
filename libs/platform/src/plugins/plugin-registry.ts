import { InvalidArgumentError } from '@slipway/kernel';
import type {
  ArtifactStore,
  Authenticator,
  DriverDependencies,
  EventBus,
  Gate,
  Launcher,
  ModelRuntime,
  OfflineStore,
  OnlineStore,
  Plugin,
  PortName,
  Trainer,
} from '@slipway/plugin-kit';
import type { DriverCatalogue } from '../config/driver-values.ts';

/** What `create` of a plugin answers, by port. */
export interface DriverByPort {
  readonly 'event-bus': EventBus;
  readonly 'artifact-store': ArtifactStore;
  readonly 'model-runtime': ModelRuntime;
  readonly trainer: Trainer;
  readonly authenticator: Authenticator;
  readonly gate: Gate;
  readonly 'offline-store': OfflineStore;
  readonly 'online-store': OnlineStore;
  readonly launcher: Launcher;
}

export type AnyPlugin = Plugin<PortName, unknown, unknown>;

/** Where a plugin came from; undefined for those that are built in. */
export interface PluginSource {
  readonly package: string;
  readonly version: string;
}

/** All drivers of a process, by port and name. */
export class PluginRegistry implements DriverCatalogue {
  readonly #plugins = new Map<string, { readonly plugin: AnyPlugin; readonly source: PluginSource | undefined }>();

  /** @throws {InvalidArgumentError} when the port has a driver of that name: nobody takes the place of another. */
  add(plugin: AnyPlugin, source?: PluginSource): void {
    const key = `${plugin.port}.${plugin.name}`;
    const existing = this.#plugins.get(key);
    if (existing) {
      const owner = existing.source ? `package '${existing.source.package}'` : 'Slipway itself';
      const who = source ? `package '${source.package}'` : 'a built-in plugin';
      throw InvalidArgumentError.of(
        'plugins',
        `${who} brings '${plugin.name}' for '${plugin.port}', which ${owner} has already`,
      );
    }
    this.#plugins.set(key, { plugin, source });
  }

  names(port: PortName): readonly string[] {
    return [...this.#plugins.values()].filter(({ plugin }) => plugin.port === port).map(({ plugin }) => plugin.name);
  }

  parseConfig(port: PortName, driver: string, raw: Readonly<Record<string, unknown>>): unknown {
    return this.#get(port, driver).parseConfig(raw);
  }

  /** Makes a driver from what the configuration says below `<port>.<driver>.`; the driver is not open yet. */
  create<Port extends PortName>(
    port: Port,
    driver: string,
    raw: Readonly<Record<string, unknown>>,
    dependencies: DriverDependencies,
  ): DriverByPort[Port] {
    return this.createParsed(port, driver, this.parseConfig(port, driver, raw), dependencies);
  }

  /** The same from what `parseConfig` answered. */
  createParsed<Port extends PortName>(
    port: Port,
    driver: string,
    config: unknown,
    dependencies: DriverDependencies,
  ): DriverByPort[Port] {
    return this.#get(port, driver).create(config, dependencies) as DriverByPort[Port];
  }

  #get(port: PortName, driver: string): AnyPlugin {
    const found = this.#plugins.get(`${port}.${driver}`);
    if (found) return found.plugin;
    const known = this.names(port).join(', ') || 'none';
    throw InvalidArgumentError.of(`${port}.driver`, `no driver '${driver}' (known: ${known})`);
  }
}
