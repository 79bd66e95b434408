import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryDirectory } from '../temporary-directory.ts';
import { writeTokensFile, type TokenHolderSpec, type Tokens } from './tokens.ts';

export type SlipwayApp = keyof typeof LISTENERS;
/** Listeners of each app beside its metrics. */
const LISTENERS = {
  slipway: ['grpc', 'inference', 'inference-http', 'http'],
  registry: ['grpc'],
  tracking: ['grpc'],
  'feature-store': ['grpc'],
  serving: ['inference', 'inference-http'],
  'stream-scorer': ['grpc'],
  'batch-runner': ['grpc'],
  'experiment-router': ['grpc'],
  monitor: ['grpc'],
  gateway: ['http'],
} as const;
export type SettingValue = string | number | boolean | readonly (string | number)[];

export interface SlipwayOptions<Name extends string = never> {
  readonly app: SlipwayApp;
  /** By the dotted names that `--help` prints, e.g. `{ 'event-bus.driver': 'nats' }`. Free ports are the default. */
  readonly settings?: Readonly<Record<string, SettingValue>>;
  /** With these the process asks for tokens; without, it lets everybody on this machine in. */
  readonly tokens?: Readonly<Record<Name, TokenHolderSpec>>;
  /** Kept by `stop` when given: start a second process over it to see what survived. Made and removed when left out. */
  readonly directory?: string;
  /** Source of the program; that of the app when left out. */
  readonly program?: string;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One app in a process of its own. */
export interface SlipwayProcess<Name extends string = string> {
  readonly app: SlipwayApp;
  readonly pid: number;
  /** `host:port` of the gRPC services; empty for an app without this listener. */
  readonly grpcAddress: string;
  /** `host:port` of Open Inference; empty for an app without this listener. */
  readonly inferenceAddress: string;
  /** Base URL of Open Inference over HTTP; empty for an app without this listener. */
  readonly inferenceUrl: string;
  /** Base URL of the gateway; empty for an app without this listener. */
  readonly gatewayUrl: string;
  /** Base URL of `/metrics`, `/livez` and `/readyz`. */
  readonly metricsUrl: string;
  /** Milliseconds from the spawn to the ports file. */
  readonly readyAfterMs: number;
  /** Holds `data` (what the process keeps), `ports.json` and `tokens.json`. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly tokens: Tokens<Name>;
  /** Lines of both outputs so far, the last 20 000. */
  logs(): readonly string[];
  /** Resident memory in bytes now; undefined where the system does not tell. */
  residentBytes(): number | undefined;
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when the process has ended; for signals that end it. */
  kill(signal: NodeJS.Signals): Promise<ProcessEnd>;
  /** SIGTERM, after 25 s SIGKILL; removes the directory unless the caller brought it. Safe to call twice. */
  stop(): Promise<ProcessEnd>;
}

const APPS = join(import.meta.dirname, '../../../../apps');
const READY_WITHIN_MS = 40_000;
const STOP_WITHIN_MS = 25_000;
const LOG_LINES_MAX = 20_000;

const environmentName = (key: string): string => `SLIPWAY_${key.replaceAll(/[.-]/g, '_').toUpperCase()}`;

/** Settings go through the environment: secrets are allowed there and do not show in the list of processes. */
function environmentOf(settings: Readonly<Record<string, SettingValue>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(SLIPWAY_|NODE_OPTIONS|VITEST|NODE_V8)/.test(name),
  );
  const own = Object.entries(settings).map(([key, value]) => [
    environmentName(key),
    typeof value === 'object' ? value.join(',') : String(value),
  ]);
  return Object.fromEntries([...inherited, ...own]) as Record<string, string>;
}

function keepLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      lines.push(line);
      if (lines.length > LOG_LINES_MAX) lines.splice(0, LOG_LINES_MAX / 10);
    });
  }
  return lines;
}

async function readPorts(
  file: string,
  isEnded: () => boolean,
  describe: () => string,
): Promise<Record<string, number>> {
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!existsSync(file)) {
    if (isEnded()) throw new Error(`the process did not start:\n${describe()}`);
    if (performance.now() > giveUpAt) throw new Error(`not ready after ${READY_WITHIN_MS} ms:\n${describe()}`);
    await delay(15);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>; // it is renamed into place: never half of it
}

function residentBytesOf(pid: number): number | undefined {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // not Linux, or the process is gone
  }
}

/**
 * Starts an app from its source on 127.0.0.1 and waits until it listens.
 * @throws {Error} with its output when it ends or is not ready within 40 s.
 */
export async function startSlipway<Name extends string = never>(
  options: SlipwayOptions<Name>,
): Promise<SlipwayProcess<Name>> {
  const own = options.directory === undefined ? temporaryDirectory('slipway-process-') : undefined;
  const directory = options.directory ?? own?.path ?? '';
  const [portsFile, tokensFile] = [join(directory, 'ports.json'), join(directory, 'tokens.json')];
  rmSync(portsFile, { force: true }); // a process that was killed has left its own
  const tokens = writeTokensFile(tokensFile, options.tokens ?? ({} as Record<Name, TokenHolderSpec>));
  const settings = {
    'data.directory': join(directory, 'data'),
    'ports-file': portsFile,
    'log.format': 'json',
    'metrics.port': 0,
    ...Object.fromEntries(LISTENERS[options.app].map((listener) => [`${listener}.port`, 0])),
    ...(options.tokens && { 'authenticator.driver': 'tokens', 'authenticator.tokens.file': tokensFile }),
    ...options.settings,
  };
  const began = performance.now();
  const program = options.program ?? join(APPS, options.app, 'src/main.ts');
  const environment = environmentOf(settings);
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  const lines = keepLines(child);
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => lines.push(String(error)));
  });
  const kill = (signal: NodeJS.Signals): Promise<ProcessEnd> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return ended;
  };
  const stop = async (): Promise<ProcessEnd> => {
    const killer = setTimeout(() => void kill('SIGKILL'), STOP_WITHIN_MS);
    const end = await kill('SIGTERM');
    clearTimeout(killer);
    own?.remove();
    return end;
  };
  const isEnded = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const ports = await readPorts(portsFile, isEnded, () => lines.slice(-50).join('\n')).catch(async (error: unknown) => {
    if (child.pid !== undefined) await stop();
    throw error;
  });
  const addressOf = (port: number | undefined): string => (port === undefined ? '' : `127.0.0.1:${port}`);
  const urlOf = (port: number | undefined): string => (port === undefined ? '' : `http://${addressOf(port)}`);
  const pid = child.pid ?? 0;
  return {
    app: options.app,
    pid,
    directory,
    dataDirectory: join(directory, 'data'),
    tokens,
    ended,
    kill,
    stop,
    grpcAddress: addressOf(ports['grpc']),
    inferenceAddress: addressOf(ports['inference']),
    inferenceUrl: urlOf(ports['inference-http']),
    gatewayUrl: urlOf(ports['http']),
    metricsUrl: urlOf(ports['metrics']),
    readyAfterMs: performance.now() - began,
    logs: () => lines,
    residentBytes: () => residentBytesOf(pid),
  };
}
