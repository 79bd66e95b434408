import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand } from '../command.ts';
import { freePort } from '../free-port.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

export interface RedisServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  readonly directory: string;
  readonly pid: number;
  /** Resolves when the process has ended, with SIGSTOP and SIGCONT at once; a server over the same directory may be started then. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the server and removes its files unless the caller brought the directory. Safe to call twice. */
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** Of an earlier server, to start it again. */
  readonly port?: number;
  readonly directory?: string;
  /** Every write is in a log before it is answered, so that a killed server comes back with it; off by default. */
  readonly appendOnly?: boolean;
  /** Further settings as on the command line, e.g. `['--requirepass', 'x']`. With `--port 0` and `--tls-port` give `port` too. */
  readonly settings?: readonly string[];
}

/** A Redis server on 127.0.0.1. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const program = findCommand('redis-server');
  if (!program) throw new Error('redis-server is not on this machine');
  const own = options.directory === undefined ? temporaryDirectory('slipway-redis-') : undefined;
  const directory = options.directory ?? own?.path ?? '';
  const port = options.port ?? (await freePort());
  const storage = ['--save', '', '--appendonly', options.appendOnly ? 'yes' : 'no', '--dir', directory];
  const listen = ['--bind', '127.0.0.1', '--port', `${port}`];
  const child = spawn(program, [...listen, ...storage, ...(options.settings ?? [])], { stdio: 'ignore' });
  const exited = once(child, 'exit').then(() => undefined);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exited;
  };
  const stop = async (): Promise<void> => {
    await kill('SIGKILL'); // nothing of it is needed any more, and a stopped process would not hear another signal
    own?.remove();
  };
  try {
    await untilListening(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, port, directory, pid: child.pid ?? 0, kill, stop };
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const end = performance.now() + 15_000;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with code ${child.exitCode}`);
    if (await accepts(port)) return;
    await delay(10);
  }
  throw new Error('redis-server was not ready within 15 s');
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
