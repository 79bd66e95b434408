import { spawn } from 'node:child_process';

export interface RunOptions {
  /** On top of the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs: number;
}

const OUTPUT_CHARACTERS_MAX = 2_000_000;

/** Runs a program to its end. @returns its standard output. @throws {Error} with the end of both outputs on another code than 0. */
export function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  let [out, all] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out = (out + text).slice(-OUTPUT_CHARACTERS_MAX);
    all = (all + text).slice(-8_000);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (all = (all + text).slice(-8_000)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out);
      else reject(new Error(`'${[program, ...args].join(' ')}' ended with ${code ?? signal}:\n${all}`));
    });
  });
}
