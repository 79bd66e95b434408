import { spawn } from 'node:child_process';

/** A command that ended with another code than 0; `output` is the end of both its streams. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly output: string;
  constructor(command: string, code: number | string, output: string) {
    super(`'${command}' ended with ${code}:\n${output}`);
    this.output = output;
  }
}

const OUTPUT_CHARACTERS_MAX = 1_000_000;

export interface RunOptions {
  readonly cwd?: string;
  /** After this many milliseconds the command is killed. */
  readonly timeoutMs: number;
}

/** Runs a program without a shell. @returns what it wrote to its standard output. @throws {CommandError} */
export function runCommand(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let [out, all] = ['', ''];
  const keep = (chunk: Buffer): void => {
    all = (all + chunk.toString()).slice(-8_000);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    out = (out + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
    keep(chunk);
  });
  child.stderr.on('data', keep);
  const command = [program, ...args].join(' ');
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const why = signal.aborted ? `${options.timeoutMs} ms without an end` : String(error);
      reject(new CommandError(command, why, all));
    });
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve(out);
      else reject(new CommandError(command, code ?? killedBy ?? 'no code', all));
    });
  });
}
