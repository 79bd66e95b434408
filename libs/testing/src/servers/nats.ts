import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand } from '../command.ts';
import { freePort } from '../free-port.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

export interface NatsServer {
  /** For clients, e.g. `nats://127.0.0.1:41233`. */
  readonly url: string;
  /** HTTP monitoring, e.g. for `/jsz` and `/healthz`. */
  readonly monitorUrl: string;
  readonly port: number;
  readonly storeDirectory: string;
  readonly pid: number;
  /** Resolves when the process has ended; a server over the same directory may be started then. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends the server and removes its storage unless the caller brought the directory. Safe to call twice. */
  stop(): Promise<void>;
}

/** A NATS server with JetStream on 127.0.0.1; give the port and directory of an earlier one to start it again. */
export async function startNats(options: { storeDirectory?: string; port?: number } = {}): Promise<NatsServer> {
  const program = findCommand('nats-server');
  if (!program) throw new Error('nats-server is not on this machine');
  const own = options.storeDirectory === undefined ? temporaryDirectory('slipway-nats-') : undefined;
  const storeDirectory = options.storeDirectory ?? own?.path ?? '';
  const port = options.port ?? (await freePort());
  const monitorPort = await freePort();
  const listen = ['--addr', '127.0.0.1', '--port', `${port}`, '--http_port', `${monitorPort}`];
  const child = spawn(program, [...listen, '--jetstream', '--store_dir', storeDirectory], { stdio: 'ignore' });
  const exited = once(child, 'exit').then(() => undefined);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  const stop = async (): Promise<void> => {
    await kill('SIGTERM');
    own?.remove();
  };
  const monitorUrl = `http://127.0.0.1:${monitorPort}`;
  try {
    await untilReady(child, port, monitorUrl);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `nats://127.0.0.1:${port}`, monitorUrl, port, storeDirectory, pid: child.pid ?? 0, kill, stop };
}

async function untilReady(child: ChildProcess, port: number, monitorUrl: string): Promise<void> {
  const end = performance.now() + 15_000;
  while (performance.now() < end) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with code ${child.exitCode}`);
    if ((await accepts(port)) && (await isHealthy(monitorUrl))) return;
    await delay(20);
  }
  throw new Error('nats-server was not ready within 15 s');
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

async function isHealthy(monitorUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${monitorUrl}/healthz`)).ok;
  } catch {
    return false; // not listening yet
  }
}
