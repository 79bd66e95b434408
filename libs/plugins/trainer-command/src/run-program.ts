import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '@slipway/kernel';
import { killRun } from './kill-run.ts';
import { memoryOf, processesOf } from './process-table.ts';

export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** `NAME=value` of `environment` that no other program has; by it processes are found that have left the group. */
  readonly mark: string;
  readonly timeoutMs: number;
  /** Infinity for no limit. */
  readonly memoryBytesMax: number;
  readonly graceMs: number;
  readonly onOutput: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void;
  /** Called once a second with the seconds since the start. */
  readonly onSecond: (seconds: number) => void;
}

/** How a program ended. `limit` names the one that ended it. */
export type ProgramEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'limit'; readonly limit: 'time' | 'memory'; readonly memoryBytes: number }
  | { readonly kind: 'not-started'; readonly error: Error };

const LOOK_EVERY_MS = 100;
const SECOND_MS = 1000;
/** For what is left in the pipes; a process that has them and cannot be found would keep them open for ever. */
const DRAIN_MS = 2000;

/**
 * Runs a program in a process group of its own and waits until it and all it has started are gone, whatever way it ends. When the leader
 * exits, the rest of the group is killed: a training is over when its program is.
 * @throws the signal's reason when it aborts, and what `onOutput` or `onSecond` throw; after the group is gone.
 */
export async function runProgram(program: Program, clock: Clock, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = spawn(program.command, [...program.arguments], {
    cwd: program.workingDirectory,
    env: { ...program.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // leader of a new group
    shell: false,
    windowsHide: true,
  });
  const failure = new AbortController(); // what a callback has thrown
  const exited = exitOf(child);
  const closed = once(child, 'close').catch(() => undefined);
  forward(child, program, failure);
  const watching = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal, watching.signal]);
  let limited: ProgramEnd | undefined;
  const watched = watch(program, child, clock, stop).then(
    (limit) => (limited = limit),
    (error: unknown) => failure.abort(error),
  );
  try {
    const end = await Promise.race([exited, watched.then(() => undefined)]);
    await killRun({ child, exited, mark: program.mark, graceMs: end ? 0 : program.graceMs, clock });
    await drained(child, closed, clock);
    const last = await exited;
    signal.throwIfAborted();
    failure.signal.throwIfAborted();
    return limited ?? last;
  } finally {
    watching.abort();
    await watched;
  }
}

function exitOf(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ kind: 'not-started', error });
    });
    child.once('exit', (code, name) => {
      resolve(name === null ? { kind: 'exit', code: code ?? -1 } : { kind: 'signal', signal: name });
    });
  });
}

function forward(child: ChildProcess, { onOutput }: Program, failure: AbortController): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (bytes: Buffer) => {
      if (failure.signal.aborted) return; // read on, so that the program can end
      try {
        onOutput(bytes, stream);
      } catch (error) {
        failure.abort(error);
      }
    });
  }
}

/** Until a limit is passed or `stop` aborts; looks at memory ten times a second. Resolves with nothing for the abort. */
async function watch(
  program: Program,
  child: ChildProcess,
  clock: Clock,
  stop: AbortSignal,
): Promise<ProgramEnd | undefined> {
  const startedAt = clock.monotonicMs();
  for (let seconds = 1; ;) {
    const slept = await clock.sleep(LOOK_EVERY_MS, stop).then(
      () => true,
      () => false,
    );
    if (!slept || stop.aborted) return undefined;
    const elapsedMs = clock.monotonicMs() - startedAt;
    const isSecond = elapsedMs >= seconds * SECOND_MS;
    if (isSecond) {
      seconds = Math.floor(elapsedMs / SECOND_MS) + 1;
      program.onSecond(elapsedMs / SECOND_MS);
    }
    if (elapsedMs >= program.timeoutMs) return { kind: 'limit', limit: 'time', memoryBytes: 0 };
    if (program.memoryBytesMax === Infinity || child.pid === undefined) continue;
    const processes = await processesOf(child.pid, isSecond ? program.mark : undefined);
    const memoryBytes = await memoryOf(processes, program.memoryBytesMax);
    if (memoryBytes > program.memoryBytesMax) return { kind: 'limit', limit: 'memory', memoryBytes };
  }
}

async function drained(child: ChildProcess, closed: Promise<unknown>, clock: Clock): Promise<void> {
  if (child.pid === undefined) return;
  const waiting = new AbortController();
  const late = clock.sleep(DRAIN_MS, waiting.signal).catch(() => undefined);
  await Promise.race([closed, late]);
  waiting.abort();
  child.stdout?.destroy();
  child.stderr?.destroy();
}
