import type { Clock, IdSource, Logger } from '@slipway/kernel';

/** The ports a third party may fill. */
export type PortName =
  | 'event-bus'
  | 'artifact-store'
  | 'model-runtime'
  | 'trainer'
  | 'authenticator'
  | 'gate'
  | 'offline-store'
  | 'online-store'
  | 'launcher';

/** What every driver is handed; nothing else of the process is visible to it. */
export interface DriverDependencies {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** Existing, writable directory for this driver alone. */
  readonly dataDirectory: string;
}

/** One driver for one port. Built-in drivers are listed in an app's `compose.ts`, a third party's in its package (see `PluginPackage`). */
export interface Plugin<Port extends PortName, Config, Driver> {
  readonly port: Port;
  /** The value used in the configuration, e.g. `nats`; unique per port. */
  readonly name: string;
  /** Checked at start; a mismatch stops the process. */
  readonly apiVersion: 1;
  /**
   * The driver owns its settings. `raw` holds what the configuration says below `<port>.<name>.`, keys in camelCase, values as strings or parsed YAML.
   * @throws {Error} with all problems listed, each with the name of its setting.
   */
  parseConfig(raw: Readonly<Record<string, unknown>>): Config;
  /** Opens nothing; `open` of the driver does. */
  create(config: Config, dependencies: DriverDependencies): Driver;
}

/** Default export of a package of drivers named in the configuration's `plugins`. */
export interface PluginPackage {
  readonly plugins: readonly Plugin<PortName, unknown, unknown>[];
}
