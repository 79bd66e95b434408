import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryDirectory, type PythonEnvironment } from '@slipway/testing';

/** How one check came out. */
export interface CheckOutcome {
  readonly check: string;
  readonly endpoints: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'not in this client';
  readonly seconds: number;
  readonly failure?: string;
}

const MINUTES_MAX = 15;

/**
 * Runs the checks of `all_checks.py` against a server, in a folder of its own.
 * @param token goes in MLflow's own variable. @throws {Error} when the program itself fails.
 */
export async function runChecks(
  { python }: PythonEnvironment,
  { uri, token, megabytes }: { readonly uri: string; readonly token: string; readonly megabytes: number },
): Promise<readonly CheckOutcome[]> {
  const folder = temporaryDirectory();
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder.path,
    MLFLOW_TRACKING_URI: uri,
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_DISABLE_TELEMETRY: 'true',
    GIT_PYTHON_REFRESH: 'quiet',
    PYTHONDONTWRITEBYTECODE: '1',
    CHECK_MEGABYTES: String(megabytes),
  };
  const child = spawn(python, [join(import.meta.dirname, 'all_checks.py')], { cwd: folder.path, env });
  const timer = setTimeout(() => child.kill('SIGKILL'), MINUTES_MAX * 60_000);
  const exit = once(child, 'exit');
  const complaints: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.length < 1_000 && complaints.push(chunk.toString()));
  const outcomes: CheckOutcome[] = [];
  try {
    // the client prints lines of its own between ours
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{"check"')) outcomes.push(JSON.parse(line) as CheckOutcome);
    }
    const [code] = (await exit) as [number | null];
    if (code !== 0) throw new Error(`the checks ended with ${String(code)}:\n${complaints.join('').slice(-4_000)}`);
    return outcomes;
  } finally {
    clearTimeout(timer);
    folder.remove();
  }
}
