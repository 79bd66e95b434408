import {
  ExhaustedError,
  FailedPreconditionError,
  UnavailableError,
  type Clock,
  type JsonValue,
  type Logger,
} from '@slipway/kernel';
import type { Attempt, Launcher, WorkerProgram } from '@slipway/plugin-kit';
import type { ProcessLauncherConfig } from './config.ts';
import { WorkerProcess } from './worker-process.ts';

/**
 * Workers as child processes of this one. A process is started for the first attempt that finds none free and then kept for the next ones; one that
 * dies takes its attempt with it. Given-up attempts keep their process until it stops or is killed, at most twice as many as there are workers.
 */
export class ProcessLauncher implements Launcher {
  readonly capabilities: { readonly attemptsMax: number };
  readonly #config: ProcessLauncherConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #processes = new Set<WorkerProcess>();
  readonly #idle: WorkerProcess[] = [];
  readonly #closing = new AbortController();
  #program: WorkerProgram | undefined;
  #running = 0;
  #givenUp = 0;

  constructor(config: ProcessLauncherConfig, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.capabilities = { attemptsMax: config.workers };
  }

  async open(program: WorkerProgram, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#program) throw new FailedPreconditionError('the launcher was opened before');
    this.#program = program;
  }

  async run(attempt: Attempt, onHeartbeat: (worker: string) => void, signal: AbortSignal): Promise<JsonValue> {
    const { workers } = this.#config;
    if (!this.#program || this.#closing.signal.aborted) {
      throw new FailedPreconditionError('the launcher is not open', { reason: 'LAUNCHER_CLOSED' });
    }
    if (this.#running >= workers || this.#givenUp > workers) {
      throw new ExhaustedError(`${workers} attempts run already`, { reason: 'ATTEMPTS_MAX' });
    }
    let isGivenUp = false;
    this.#running += 1;
    const onAbort = (): void => {
      isGivenUp = true;
      this.#running -= 1;
      this.#givenUp += 1;
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const worker = this.#take(this.#program);
    try {
      return await worker.run(attempt, onHeartbeat, signal);
    } catch (error) {
      throw this.#closing.signal.aborted && !signal.aborted ? lostByClose() : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (isGivenUp) this.#givenUp -= 1;
      else this.#running -= 1;
      this.#giveBack(worker);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#processes].map((process) => process.close()));
  }

  #take(program: WorkerProgram): WorkerProcess {
    for (let free = this.#idle.pop(); free; free = this.#idle.pop()) if (!free.isEnded) return free;
    const started = new WorkerProcess(program.module, this.#config, this.#log);
    this.#processes.add(started);
    void started.ended.then(() => this.#processes.delete(started));
    this.#log.debug({ worker: started.name }, 'a worker process was started');
    return started;
  }

  #giveBack(worker: WorkerProcess): void {
    if (worker.isEnded) return;
    if (this.#idle.length >= this.#config.workers || this.#closing.signal.aborted) return void worker.close();
    this.#idle.push(worker);
    void this.#endWhenIdle(worker);
  }

  async #endWhenIdle(worker: WorkerProcess): Promise<void> {
    const idleSince = this.#clock.monotonicMs();
    this.#idleSince.set(worker, idleSince);
    await this.#clock.sleep(this.#config.idleMs, this.#closing.signal).catch(() => undefined); // closed: close ends it
    const at = this.#idle.indexOf(worker);
    if (at < 0 || this.#idleSince.get(worker) !== idleSince) return; // it has worked since
    this.#idle.splice(at, 1);
    await worker.close();
  }

  readonly #idleSince = new WeakMap<WorkerProcess, number>();
}

const lostByClose = (): UnavailableError =>
  new UnavailableError('the launcher was closed while the attempt ran', { reason: 'ATTEMPT_LOST' });
