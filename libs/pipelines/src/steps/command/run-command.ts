import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '@slipway/kernel';

export interface RunningProgram {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly outputBytesMax: number;
}

export interface ProgramEnd {
  /** Undefined when a signal ended it, or it could not be started. */
  readonly code: number | undefined;
  /** Why it did not end by itself; empty when it did. */
  readonly why: string;
  /** As much as is kept, from the beginning. */
  readonly stdout: string;
  readonly stderr: string;
}

/** After its group was killed a process goes within milliseconds, unless the kernel waits for a disk. */
const GONE_MS = 5_000;

/**
 * Runs a program as leader of a process group and waits for it. The group gets SIGTERM and after a grace SIGKILL when its time is over or `signal`
 * aborts, and SIGKILL when the leader has ended: what it left behind is not wanted.
 * @throws the signal's reason when it aborts, after the group was killed.
 */
export async function runProgram(program: RunningProgram, clock: Clock, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = spawn(program.program, [...program.arguments], {
    cwd: program.workingDirectory,
    env: { ...program.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // leader of a new group
    shell: false,
  });
  const output = { stdout: new BoundedText(program.outputBytesMax), stderr: new BoundedText(program.outputBytesMax) };
  child.stdout.on('data', (bytes: Buffer) => output.stdout.add(bytes));
  child.stderr.on('data', (bytes: Buffer) => output.stderr.add(bytes));
  const exited = exitOf(child);
  const over = new AbortController();
  const late = clock.sleep(program.timeoutMs, AbortSignal.any([signal, over.signal])).then(
    () => 'time' as const,
    () => 'stop' as const,
  );
  const first = await Promise.race([exited, late]);
  over.abort();
  if (typeof first === 'string') await kill(child, exited, program.graceMs, clock);
  signalGroup(child, 'SIGKILL');
  child.stdout.destroy();
  child.stderr.destroy();
  signal.throwIfAborted();
  const end =
    typeof first === 'string' ? { code: undefined, why: `it ran longer than ${program.timeoutMs / 1000} s` } : first;
  return { ...end, stdout: output.stdout.text, stderr: output.stderr.text };
}

type Exit = Pick<ProgramEnd, 'code' | 'why'>;

/** Resolves when the program has ended and its pipes are read. */
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: undefined, why: `it could not be started: ${error.message}` }));
    child.once('exit', (code, name) => {
      const end = { code: code ?? undefined, why: name === null ? '' : `${name} ended it` };
      signalGroup(child, 'SIGKILL'); // members that hold the pipes would keep them open for ever
      child.once('close', () => resolve(end));
    });
  });
}

async function kill(child: ChildProcess, exited: Promise<Exit>, graceMs: number, clock: Clock): Promise<void> {
  signalGroup(child, 'SIGTERM');
  if (graceMs > 0) await within(exited, graceMs, clock);
  signalGroup(child, 'SIGKILL');
  await within(exited, GONE_MS, clock);
}

async function within(exited: Promise<Exit>, ms: number, clock: Clock): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([exited, clock.sleep(ms, waiting.signal).catch(() => undefined)]);
  waiting.abort();
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // nobody is left in the group
  }
}

/** The beginning of what is written. */
class BoundedText {
  readonly #chunks: Buffer[] = [];
  #left: number;

  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  add(bytes: Buffer): void {
    if (this.#left <= 0) return;
    this.#chunks.push(bytes.subarray(0, this.#left));
    this.#left -= bytes.length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
