import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand } from '../command.ts';
import { freePort } from '../free-port.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

export interface PostgresServer {
  /** The empty database `postgres`, e.g. `postgres://slipway@127.0.0.1:41233/postgres`. */
  readonly url: string;
  readonly pid: number;
  /** Makes an empty database. @returns its URL. */
  createDatabase(): Promise<string>;
  /** Ends the server with a signal; resolves when it has ended. `restart` brings it back over the same files. */
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  /** Ends the server and removes its files. Safe to call twice. */
  stop(): Promise<void>;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A PostgreSQL server in a temporary directory on 127.0.0.1 and a free port.
 * @param options.durable fsync as in production; off by default, as tests kill processes and not machines.
 */
export async function startPostgres(options: { durable?: boolean } = {}): Promise<PostgresServer> {
  const postgres = requireCommand('postgres');
  const directory = temporaryDirectory('slipway-postgres-');
  const account = unprivilegedAccount();
  if (account.uid !== undefined && account.gid !== undefined) chownSync(directory.path, account.uid, account.gid);
  const data = join(directory.path, 'data');
  const port = await freePort();
  let child: ChildProcess | undefined;
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const stop = async (): Promise<void> => {
    await kill('SIGINT'); // fast shutdown: ends sessions, then stops
    directory.remove();
  };
  const restart = async (): Promise<void> => {
    await kill('SIGINT');
    const settings = ['-h', '127.0.0.1', '-p', `${port}`, '-k', directory.path, '-c', 'max_connections=100'];
    const relaxed = ['fsync=off', 'full_page_writes=off'].flatMap((item) => ['-c', item]);
    const all = ['-D', data, ...settings, ...(options.durable ? [] : relaxed)];
    child = spawn(postgres, all, { stdio: 'ignore', cwd: directory.path, ...account });
    await untilReady(child, port);
  };
  try {
    initialise(data, directory.path, account);
    await restart();
  } catch (error) {
    await stop();
    throw error;
  }
  let databases = 0;
  const createDatabase = (): Promise<string> => {
    databases += 1;
    const name = `test_${databases}`;
    const made = runTool('createdb', ['-h', '127.0.0.1', '-p', `${port}`, '-U', 'slipway', name], directory.path, {});
    return made.then(() => `postgres://slipway@127.0.0.1:${port}/${name}`);
  };
  return {
    url: `postgres://slipway@127.0.0.1:${port}/postgres`,
    get pid() {
      return child?.pid ?? 0;
    },
    createDatabase,
    kill,
    restart,
    stop,
  };
}

function requireCommand(name: string): string {
  const program = findCommand(name);
  if (!program) throw new Error(`${name} is not on this machine`);
  return program;
}

/** PostgreSQL refuses to run as root; Debian's package makes the user `postgres`. */
function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const number = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return { uid: number('-u'), gid: number('-g') };
}

function initialise(data: string, cwd: string, account: Account): void {
  const flags = ['-D', data, '-U', 'slipway', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const result = spawnSync(requireCommand('initdb'), flags, { cwd, encoding: 'utf8', ...account });
  if (result.status !== 0) throw new Error(`initdb failed: ${result.stderr}`);
}

async function runTool(name: string, flags: readonly string[], cwd: string, account: Account): Promise<void> {
  const child = spawn(requireCommand(name), flags, { cwd, stdio: ['ignore', 'ignore', 'pipe'], ...account });
  let problem = '';
  child.stderr.on('data', (chunk: Buffer) => (problem += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${name} failed: ${problem}`);
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  const isReady = requireCommand('pg_isready');
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`postgres ended with code ${child.exitCode}`);
    if ((await accepts(port)) && spawnSync(isReady, ['-q', '-h', '127.0.0.1', '-p', `${port}`]).status === 0) return;
    await delay(20);
  }
  throw new Error('postgres was not ready within 20 s');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
