import { FailedPreconditionError, type Clock } from '@slipway/kernel';
import type { TrainingEnvironment } from '@slipway/plugin-kit';
import type { CommandTrainerConfig } from './config.ts';
import { ProgramLog } from './program-log.ts';
import { runProgram, type ProgramEnd } from './run-program.ts';

const OUTPUT_BYTES_MAX = 1024 * 1024;
const TIMEOUT_MS = 60_000;

export interface Surroundings {
  readonly config: CommandTrainerConfig;
  /** Of the programs that are asked. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mark: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Exact versions and git commit, asked before the program starts: what it runs with, not what it has changed.
 * @throws {FailedPreconditionError} TRAINING_LOCK_FAILED when the configured `lockCommand` fails: a model of an unknown environment is not made silently.
 */
export async function readEnvironment(surroundings: Surroundings): Promise<TrainingEnvironment> {
  const { lockCommand } = surroundings.config;
  const git = await readGit(surroundings);
  const lock = lockCommand === undefined ? '' : await readLock(lockCommand, surroundings);
  return { lock, ...(git ? { git } : {}) };
}

async function readLock(command: readonly string[], surroundings: Surroundings): Promise<string> {
  const { end, lines, tail } = await ask(command, surroundings);
  if (end.kind === 'exit' && end.code === 0) return lines.join('\n');
  const shown = tail.length > 0 ? `; it wrote last:\n${tail.join('\n')}` : '';
  throw new FailedPreconditionError(`the program of trainer.command.lockCommand, '${command.join(' ')}', failed${shown}`, {
    reason: 'TRAINING_LOCK_FAILED',
  }); // prettier-ignore
}

/** Absent without git, and outside of a repository or before its first commit. */
async function readGit(surroundings: Surroundings): Promise<TrainingEnvironment['git']> {
  const head = await ask(['git', 'rev-parse', '--verify', 'HEAD'], surroundings);
  const commit = head.lines[0];
  if (head.end.kind !== 'exit' || head.end.code !== 0 || !commit || !/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  const status = await ask(['git', 'status', '--porcelain', '--untracked-files=normal', '--', '.'], surroundings);
  if (status.end.kind !== 'exit' || status.end.code !== 0) return undefined;
  return { commit, dirty: status.lines.length > 0 };
}

async function ask(
  [command = '', ...rest]: readonly string[],
  { config, environment, mark, clock, signal }: Surroundings,
): Promise<{ end: ProgramEnd; lines: readonly string[]; tail: readonly string[] }> {
  const lines: string[] = [];
  const log = new ProgramLog({
    bytesMax: OUTPUT_BYTES_MAX,
    onLine: (line, stream) => {
      if (stream === 'stdout') lines.push(line);
    },
    onProgress: () => undefined,
  });
  const end = await runProgram(
    {
      command,
      arguments: rest,
      workingDirectory: config.workingDirectory,
      environment: { ...environment, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
      mark,
      timeoutMs: TIMEOUT_MS,
      memoryBytesMax: Infinity,
      graceMs: 0,
      onOutput: (bytes, stream) => log[stream].add(bytes),
      onSecond: () => undefined,
    },
    clock,
    signal,
  );
  log.end();
  return { end, lines, tail: log.tail };
}
