import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, systemRandom } from '@slipway/kernel';
import { createToken } from '@slipway/platform';

export interface Ports {
  readonly grpc: number;
  readonly inference: number;
  readonly metrics: number;
  /** Of the gateway: page, JSON, events. */
  readonly http: number;
}

/** A Slipway in a process of its own, with data and tokens in a folder of its own. */
export interface DemoServer {
  readonly pid: number | undefined;
  readonly ports: Ports;
  readonly folder: string;
  /** Token by principal; the same are in `<folder>/<principal>.token`. */
  readonly tokens: Readonly<Record<keyof typeof PRINCIPALS, string>>;
  readonly readyAfterMs: number;
  /** Largest resident memory so far in bytes; undefined where the system does not tell. */
  peakMemoryBytes(): number | undefined;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
  /** Lets it run on without us. */
  leave(): void;
}

const READY_WITHIN_MS = 30_000;
/** Who takes part: alice builds models; bob approves them and sets the policy; what alice may not is to approve her own; an auditor reads the log. */
const PRINCIPALS = { alice: ['editor', 'approver'], bob: ['approver'], auditor: ['auditor', 'viewer'] } as const;

/** The program beside this one: its source in the workspace, its bundle in an installation. */
function program(): string {
  const candidates = ['../../slipway/src/main.ts', '../slipway/main.js'].map((path) => join(import.meta.dirname, path));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error('the slipway app is not beside the demo');
  return found;
}

/** @param fixedPorts the ports that users know, for a server that stays; else free ones. @throws {Error} with its log when it does not get ready. */
export async function startServer(fixedPorts: boolean): Promise<DemoServer> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-demo-'));
  const tokens = writeTokens(folder);
  const portsFile = join(folder, 'ports.json');
  const freePorts = ['grpc', 'inference', 'inference-http', 'http', 'metrics'].flatMap((name) => [
    `--${name}-port`,
    '0',
  ]);
  const began = performance.now();
  const parameters = [program(), '--data-directory', join(folder, 'data'), '--ports-file', portsFile];
  parameters.push('--authenticator-driver', 'tokens', '--authenticator-tokens-file', join(folder, 'tokens.json'));
  // a laptop has other things to do: joins spill to disk a little more, and are as fast
  parameters.push('--offline-store-duckdb-memory-mebibytes', '320');
  parameters.push('--log-level', 'warn', ...(fixedPorts ? [] : freePorts));
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => log.length < 1_000 && log.push(chunk.toString()));
  const ports = await readPorts(portsFile, child, log);
  return {
    pid: child.pid,
    ports,
    folder,
    tokens,
    readyAfterMs: performance.now() - began,
    peakMemoryBytes: () => peakMemoryOf(child.pid),
    stop: async () => {
      await endProcess(child);
      rmSync(folder, {
        recursive: true,
        force: true,
      });
    },
    leave: () => {
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      child.unref();
    },
  };
}

function writeTokens(folder: string): Record<keyof typeof PRINCIPALS, string> {
  const made = Object.entries(PRINCIPALS).map(([principal, roles]) => ({
    principal,
    ...createToken(systemRandom, { principal, workspaces: ['default'], roles: [...roles] }),
  }));
  writeFileSync(join(folder, 'tokens.json'), JSON.stringify({ tokens: made.map(({ entry }) => entry) }), {
    mode: 0o600,
  });
  for (const { principal, token } of made) writeFileSync(join(folder, `${principal}.token`), token, { mode: 0o600 });
  return Object.fromEntries(made.map(({ principal, token }) => [principal, token])) as Record<
    keyof typeof PRINCIPALS,
    string
  >;
}

async function readPorts(file: string, child: ChildProcess, log: readonly string[]): Promise<Ports> {
  const giveUpAt = systemClock.monotonicMs() + READY_WITHIN_MS;
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`the server did not start:\n${log.join('')}`);
    if (systemClock.monotonicMs() > giveUpAt) {
      await endProcess(child);
      throw new Error(`the server is not ready after ${READY_WITHIN_MS / 1000} s:\n${log.join('')}`);
    }
    await delay(20);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Ports;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Linux keeps the high-water mark of each process. */
export function peakMemoryOf(pid: number | undefined): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // not Linux, or the process is gone
  }
}
