import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UnavailableError, type JsonValue, type Logger } from '@slipway/kernel';
import type { Attempt } from '@slipway/plugin-kit';
import type { ProcessLauncherConfig } from './config.ts';
import { fromFailure, type FromWorker, type ToWorker } from './messages.ts';

const LOG_LINE_BYTES_MAX = 4096;

interface Running {
  readonly id: string;
  readonly onHeartbeat: () => void;
  readonly settle: PromiseWithResolvers<JsonValue>;
  readonly signal: AbortSignal;
}

/** One child process and the attempt that it has. */
export class WorkerProcess {
  readonly name: string;
  /** Settles with the process; never rejects. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #config: ProcessLauncherConfig;
  readonly #ready = Promise.withResolvers<void>();
  #running: Running | undefined;
  #isEnded = false;
  #kill: NodeJS.Timeout | undefined;

  constructor(module: URL, config: ProcessLauncherConfig, log: Logger) {
    this.#config = config;
    const own = import.meta.url;
    const entry = new URL(own.endsWith('.ts') ? './partition-child.ts' : './partition-child.js', own);
    // No environment and no arguments of our own: what a worker may know is in its tasks.
    this.#child = fork(fileURLToPath(entry), [module.href, String(config.heartbeatMs)], {
      env: {},
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.name = `process-${this.#child.pid ?? 'none'}`;
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      log.warn({ worker: this.name, text: chunk.toString('utf8', 0, LOG_LINE_BYTES_MAX) }, 'a worker wrote to its log');
    });
    this.#child.on('message', (message: FromWorker) => this.#receive(message));
    this.#ready.promise.catch(() => undefined); // whoever waits for it gets it; nobody need
    const starting = setTimeout(() => this.kill(), config.startMs);
    this.#ready.promise.then(() => clearTimeout(starting), () => clearTimeout(starting)); // prettier-ignore
    this.ended = new Promise((resolve) => {
      this.#child.once('error', () => this.#end('could not be started', resolve));
      this.#child.once('exit', (code, signal) => this.#end(signal ?? `exit code ${code}`, resolve));
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** One at a time. See `Launcher.run`. */
  async run(attempt: Attempt, onHeartbeat: (worker: string) => void, signal: AbortSignal): Promise<JsonValue> {
    signal.throwIfAborted();
    const settle = Promise.withResolvers<JsonValue>();
    const onAbort = (): void => this.#giveUp(attempt.id);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#ready.promise.catch((error: unknown) => {
        signal.throwIfAborted(); // it was killed because the attempt was given up
        throw error;
      });
      signal.throwIfAborted();
      this.#running = { id: attempt.id, onHeartbeat: () => onHeartbeat(this.name), settle, signal };
      this.#tell({ kind: 'run', id: attempt.id, task: attempt.task });
      return await settle.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(this.#kill);
      this.#running = undefined;
    }
  }

  /** Asks it to end, and kills it when it has not done so in time. */
  async close(): Promise<void> {
    if (this.#isEnded) return;
    this.#tell({ kind: 'close' });
    const timer = setTimeout(() => this.kill(), this.#running ? 0 : this.#config.graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #giveUp(id: string): void {
    this.#tell({ kind: 'cancel', id });
    this.#kill = setTimeout(() => this.kill(), this.#config.graceMs);
  }

  #tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined); // a channel that breaks is the end of the process, which is seen
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'ready') return this.#ready.resolve();
    const running = this.#running;
    if (running?.id !== message.id) return; // of an attempt that has ended
    if (message.kind === 'heartbeat') running.onHeartbeat();
    else if (message.kind === 'done') running.settle.resolve(message.result);
    else if (message.kind === 'failed') running.settle.reject(fromFailure(message.failure));
    else running.settle.reject(running.signal.reason);
  }

  #end(how: string, resolve: () => void): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#kill);
    this.#ready.reject(
      new UnavailableError(`a worker ended before it took work: ${how}`, { reason: 'WORKER_NOT_STARTED' }),
    );
    const running = this.#running;
    if (running?.signal.aborted) running.settle.reject(running.signal.reason);
    else running?.settle.reject(new UnavailableError(`the worker ended: ${how}`, { reason: 'ATTEMPT_LOST' }));
    resolve();
  }
}
