import type { JsonValue } from '@slipway/kernel';
import type { Plugin } from './plugin.ts';

/** One try of one partition. */
export interface Attempt {
  /** Unique among all attempts there ever are. */
  readonly id: string;
  /** What is to be done, in the words of the worker program; at most 256 KiB as JSON. Files it names are on storage that runner and worker share. */
  readonly task: JsonValue;
}

/** Does the work, wherever a launcher has it run. */
export interface PartitionWorker {
  /**
   * One attempt; a worker has at most one at a time.
   * @returns at most 256 KiB as JSON. @throws {DomainError} for what the runner should know; anything else is a bug, whose text stays in the log.
   */
  run(task: JsonValue, signal: AbortSignal): Promise<JsonValue>;
  close(): Promise<void>;
}

/** What the module of a worker program exports. */
export interface WorkerModule {
  createPartitionWorker(): PartitionWorker;
}

/** What workers run. A driver whose workers live elsewhere, e.g. in an image, has its own way to the same program. */
export interface WorkerProgram {
  /** A `WorkerModule` on this machine. */
  readonly module: URL;
}

/**
 * Has attempts run by workers. It promises nothing about how often: a worker that seems lost may still be at it, and its result may come late. Who
 * uses a launcher keeps the truth elsewhere, with a number that tells a late result from the one that counts. Safe for concurrent calls.
 */
export interface Launcher {
  readonly capabilities: {
    /** Attempts at once; those that were given up and have not ended yet do not count. */
    readonly attemptsMax: number;
  };
  /** Usable, or failed before `signal` aborts; called once. Workers may start later, with the first attempts. */
  open(program: WorkerProgram, signal: AbortSignal): Promise<void>;
  /**
   * @param onHeartbeat called with the name of the worker when it begins, and every few hundred milliseconds while it is alive.
   * @param signal gives the attempt up: the worker is asked to stop, and ended if it does not.
   * @returns what the worker answered, even when it did so after `signal` aborted.
   * @throws the DomainError of the worker. @throws {UnavailableError} ATTEMPT_LOST when the worker ended without an answer, ATTEMPT_FAILED on a bug
   * in it, WORKER_NOT_STARTED when none can be started. @throws the signal's reason once an attempt that was given up has ended.
   * @throws {ExhaustedError} ATTEMPTS_MAX past `attemptsMax`. @throws {FailedPreconditionError} before `open` and after `close`.
   */
  run(attempt: Attempt, onHeartbeat: (worker: string) => void, signal: AbortSignal): Promise<JsonValue>;
  /** Ends all workers; attempts that run are lost. Safe to call twice. */
  close(): Promise<void>;
}

export type LauncherPlugin<Config = unknown> = Plugin<'launcher', Config, Launcher>;
