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
  readonly inferenceHttp: number;
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
  /** Kills the process as it stands and starts another one over what it left, on the same ports. */
  crash(): Promise<void>;
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
  const began = performance.now();
  let running = await launch(folder, fixedPorts ? undefined : NO_PORTS);
  const readyAfterMs = performance.now() - began;
  const { ports } = running;
  let peakBytes: number | undefined;
  const notePeak = (): number | undefined => {
    const bytes = peakMemoryOf(running.child.pid);
    return (peakBytes = bytes === undefined ? peakBytes : Math.max(bytes, peakBytes ?? 0));
  };
  return {
    get pid() {
      return running.child.pid;
    },
    ports,
    folder,
    tokens,
    readyAfterMs,
    peakMemoryBytes: notePeak,
    crash: async () => {
      notePeak();
      await endProcess(running.child, 'SIGKILL');
      running = await launch(folder, ports);
    },
    stop: async () => {
      await endProcess(running.child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
    leave: () => {
      for (const stream of [running.child.stdout, running.child.stderr]) stream?.destroy();
      running.child.unref();
    },
  };
}

const LISTENERS = {
  grpc: 'grpc',
  inference: 'inference',
  'inference-http': 'inferenceHttp',
  http: 'http',
  metrics: 'metrics',
} as const;
/** Port 0 takes a free one. */
const NO_PORTS: Ports = { grpc: 0, inference: 0, inferenceHttp: 0, http: 0, metrics: 0 };

interface Running {
  readonly child: ChildProcess;
  readonly ports: Ports;
}

async function launch(folder: string, ports: Ports | undefined): Promise<Running> {
  const portsFile = join(folder, 'ports.json');
  rmSync(portsFile, { force: true }); // of the process before
  const parameters = [program(), '--data-directory', join(folder, 'data'), '--ports-file', portsFile];
  parameters.push('--authenticator-driver', 'tokens', '--authenticator-tokens-file', join(folder, 'tokens.json'));
  // a laptop has other things to do: joins spill to disk a little more, and are as fast
  parameters.push('--offline-store-duckdb-memory-mebibytes', '320');
  // days follow each other faster than in life: nobody waits for the log
  parameters.push('--serving-prediction-log-flush-ms', '20');
  parameters.push('--log-level', 'warn');
  for (const [listener, key] of Object.entries(LISTENERS))
    if (ports) parameters.push(`--${listener}-port`, String(ports[key]));
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => log.length < 1_000 && log.push(chunk.toString()));
  const read = await readPorts(portsFile, child, log);
  const found = Object.entries(LISTENERS).map(([listener, key]) => [key, read[listener] ?? 0]);
  return { child, ports: Object.fromEntries(found) as unknown as Ports };
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

async function readPorts(
  file: string,
  child: ChildProcess,
  log: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const giveUpAt = systemClock.monotonicMs() + READY_WITHIN_MS;
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`the server did not start:\n${log.join('')}`);
    if (systemClock.monotonicMs() > giveUpAt) {
      await endProcess(child, 'SIGTERM');
      throw new Error(`the server is not ready after ${READY_WITHIN_MS / 1000} s:\n${log.join('')}`);
    }
    await delay(20);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
}

async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
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
