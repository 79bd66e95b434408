import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '@slipway/kernel';
import { openDatabase, type Database } from '@slipway/persistence';
import { registryEntities, registryMigrations } from '@slipway/registry';
import {
  freePort,
  startNats,
  startPostgres,
  startSlipway,
  temporaryDirectory,
  type NatsServer,
  type PostgresServer,
  type SlipwayProcess,
} from '@slipway/testing';
import { spawnLedger, type LedgerProcess } from './ledger-process.ts';
import type { KillOrder } from './step-killer.ts';

/** What runs, on what. */
export interface Cell {
  readonly name: string;
  readonly app: 'slipway' | 'registry';
  readonly bus: 'sqlite' | 'nats';
  readonly database: 'sqlite' | 'postgresql';
  /** Instead of the app's own program. */
  readonly program?: string;
  /** The consumer is in the process of the service, which then is `host-main.ts`. */
  readonly ledgerInside?: boolean;
}

const HOLDERS = {
  alice: { roles: ['editor'], token: `slipway_${'a'.repeat(43)}` },
  bob: { roles: ['approver'], token: `slipway_${'b'.repeat(43)}` },
};
export const TOKENS = { alice: HOLDERS.alice.token, bob: HOLDERS.bob.token };

/** Service, broker, database and consumer of one cell, each a process that can be ended with SIGKILL and started again on what it left. */
export class Installation {
  readonly cell: Cell;
  /** Of the service, the same at every start. */
  readonly address: string;
  readonly serviceDirectory: string;
  readonly ledgerDirectory: string;
  /** Processes that ended by themselves. None is expected. */
  readonly unexpectedEnds: string[] = [];
  #service: SlipwayProcess | undefined;
  #ledger: LedgerProcess | undefined;
  #nats: NatsServer | undefined;
  readonly #postgres: PostgresServer | undefined;
  readonly #databaseUrl: string;
  readonly #directories: readonly { remove(): void }[];

  private constructor(
    cell: Cell,
    port: number,
    broker: NatsServer | undefined,
    postgres: { server: PostgresServer; url: string } | undefined,
  ) {
    const [service, ledger] = [temporaryDirectory('slipway-kill-'), temporaryDirectory('slipway-kill-')];
    this.cell = cell;
    this.address = `127.0.0.1:${port}`;
    this.serviceDirectory = service.path;
    this.ledgerDirectory = ledger.path;
    this.#directories = [service, ledger];
    this.#nats = broker;
    this.#postgres = postgres?.server;
    this.#databaseUrl = postgres?.url ?? '';
  }

  /** Starts broker and database; the service and the consumer are started by the test. */
  static async open(cell: Cell): Promise<Installation> {
    const nats =
      cell.bus === 'nats'
        ? await startNats({ storeDirectory: temporaryDirectory('slipway-kill-nats-').path })
        : undefined;
    const server = cell.database === 'postgresql' ? await startPostgres({ durable: true }) : undefined;
    const postgres = server && { server, url: await server.createDatabase() };
    return new Installation(cell, await freePort(), nats, postgres);
  }

  /** @param extra settings of this start alone. @throws {Error} with its output when it ends before it listens. */
  async startService(extra: Readonly<Record<string, string | number>> = {}): Promise<SlipwayProcess> {
    const { cell, serviceDirectory, ledgerDirectory } = this;
    rmSync(join(serviceDirectory, 'ports.json'), { force: true }); // a killed process leaves it, and it would look like a start
    const service = await startSlipway({
      app: cell.app,
      directory: serviceDirectory,
      tokens: HOLDERS,
      ...(cell.program === undefined ? {} : { program: cell.program }),
      settings: {
        'grpc.port': Number(this.address.split(':')[1]),
        'log.level': 'warn',
        'artifact-store.driver': 'local',
        'event-bus.driver': cell.bus,
        ...(this.#nats && { 'event-bus.nats.servers': this.#nats.url }),
        'metadata.driver': cell.database,
        ...(this.#postgres && { 'metadata.url': this.#databaseUrl }),
        ...(cell.ledgerInside && { 'kill.ledger-directory': ledgerDirectory }),
        ...extra,
      },
    });
    this.#service = service;
    return service;
  }

  /** SIGKILL. */
  async killService(): Promise<void> {
    const service = this.#required(this.#service, 'service');
    const end = await service.kill('SIGKILL');
    if (end.signal !== 'SIGKILL') this.unexpectedEnds.push(`service: ${end.signal ?? end.code}\n${tail(service)}`);
  }

  /** Starts the service and ends it with SIGKILL `afterMs` after it has taken its directory. @returns false when it was ready by then. */
  async killStartingService(afterMs: number): Promise<boolean> {
    const lock = join(this.serviceDirectory, 'data', 'process.lock');
    const before = pidIn(lock);
    const state = { settled: false };
    const starting = this.startService().then(
      () => true,
      () => false,
    );
    void starting.then(() => (state.settled = true));
    while (!state.settled && (pidIn(lock) ?? before) === before) await delay(2);
    if (!state.settled) await delay(afterMs);
    const pid = pidIn(lock);
    const wasStarting = !state.settled;
    if (pid !== undefined && pid !== before) process.kill(pid, 'SIGKILL');
    await starting;
    return wasStarting;
  }

  /** SIGTERM. @returns exit code and last lines of the log. */
  async stopService(): Promise<{ code: number | null; log: string }> {
    const service = this.#required(this.#service, 'service');
    const { code } = await service.stop();
    return { code, log: tail(service) };
  }

  async startLedger(kill?: KillOrder): Promise<LedgerProcess> {
    const bus = this.#nats
      ? { nats: this.#nats.url }
      : { sqlite: join(this.serviceDirectory, 'data', 'event-bus-sqlite') };
    const { process: started, ready } = spawnLedger({
      directory: this.ledgerDirectory,
      bus,
      ...(kill && { kill }),
    });
    this.#ledger = started;
    await ready;
    return started;
  }

  async endLedger(signal: NodeJS.Signals): Promise<void> {
    const end = await this.#required(this.#ledger, 'consumer').end(signal);
    if (end !== (signal === 'SIGKILL' ? signal : '0')) this.unexpectedEnds.push(`consumer: ${end}`);
  }

  async killBroker(): Promise<void> {
    await this.#required(this.#nats, 'broker').kill('SIGKILL');
  }

  async restartBroker(): Promise<void> {
    const { storeDirectory, port } = this.#required(this.#nats, 'broker');
    this.#nats = await startNats({ storeDirectory, port });
  }

  /** SIGKILL to one server process of a connection; the postmaster then ends all others and recovers. @returns false when there is none. */
  killBackend(dice: number): boolean {
    const backends = childrenOf(this.#required(this.#postgres, 'database').pid).filter(({ title }) =>
      /slipway.*127\.0\.0\.1/.test(title),
    );
    const victim = backends[Math.floor(dice * backends.length)];
    if (victim) process.kill(victim.pid, 'SIGKILL');
    return victim !== undefined;
  }

  /** SIGKILL to the postmaster and every process of its. */
  async killCluster(): Promise<void> {
    const postgres = this.#required(this.#postgres, 'database');
    const children = childrenOf(postgres.pid);
    await postgres.kill('SIGKILL');
    for (const { pid } of children) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has noticed the end of the postmaster and is gone
      }
    }
  }

  async restartCluster(): Promise<void> {
    const postgres = this.#required(this.#postgres, 'database');
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await postgres.restart();
      } catch (error) {
        if (attempt >= 20) throw error; // shared memory is in use until the last process of the old one has ended
        await delay(100);
      }
    }
  }

  /** The database of the registry, for looking into it; beside the service on PostgreSQL, after it on SQLite. */
  openDatabase(): Promise<Database> {
    const options = { entities: registryEntities, migrations: registryMigrations, log: silentLogger };
    const file = join(this.serviceDirectory, 'data', 'registry.sqlite');
    return this.#postgres
      ? openDatabase({ driver: 'postgresql', url: this.#databaseUrl, schema: 'slipway_registry', poolMax: 4 }, options)
      : openDatabase({ driver: 'sqlite', file }, options);
  }

  async close(): Promise<void> {
    await this.#service?.kill('SIGKILL');
    await this.#ledger?.end('SIGKILL');
    await this.#postgres?.stop();
    await this.#nats?.kill('SIGKILL');
    if (this.#nats) rmSync(this.#nats.storeDirectory, { recursive: true, force: true });
    for (const directory of this.#directories) directory.remove();
  }

  #required<Part>(part: Part | undefined, what: string): Part {
    if (part === undefined) throw new Error(`this cell has no ${what}`);
    return part;
  }
}

const tail = (service: SlipwayProcess): string => service.logs().slice(-15).join('\n');

function pidIn(lock: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(lock, 'utf8')) as { pid: number }).pid;
  } catch {
    return undefined; // not there yet
  }
}

/** From /proc, as PostgreSQL runs on Linux here. */
function childrenOf(parent: number): { readonly pid: number; readonly title: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, 'utf8');
        if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== parent) return [];
        return [{ pid: Number(name), title: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
      } catch {
        return []; // gone in between
      }
    });
}
