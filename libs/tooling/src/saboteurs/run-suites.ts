import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** How long a test may take here; the suites that are named need a fraction of it. */
const TEST_TIMEOUT_MS = 15_000;
const OUTPUT_CHARACTERS_MAX = 20_000;
const REPORT = 'saboteur-report.json';

/** What a run of some spec files told. */
export interface SuiteReport {
  readonly passed: number;
  readonly failed: readonly FailedTest[];
  /** Files without a single test of theirs having run: they did not load, or their setup failed. */
  readonly notLoaded: readonly string[];
  /** Files whose tests were all left out, for want of a server. */
  readonly leftOut: readonly string[];
  /** The run had to be ended from outside. */
  readonly hung: boolean;
  /** End of what was printed. */
  readonly output: string;
}

export interface FailedTest {
  readonly test: string;
  readonly message: string;
}

export interface SuiteRun {
  /** Workspace to run in, with `node_modules`. */
  readonly workspace: string;
  /** Spec files, relative to the workspace. */
  readonly suites: readonly string[];
  /** End at the first failed test. */
  readonly bail: boolean;
  /** Past it the run counts as hung and is killed. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

/** Runs spec files with vitest in a process group of its own. @throws the signal's reason when it aborts; nothing goes on then. */
export async function runSuites(run: SuiteRun): Promise<SuiteReport> {
  const report = join(run.workspace, REPORT);
  run.signal.throwIfAborted();
  rmSync(report, { force: true });
  const { output, hung } = await vitest(run);
  run.signal.throwIfAborted();
  return { ...readReport(report, run.workspace), hung, output };
}

function vitest({ workspace, suites, bail, timeoutMs, signal }: SuiteRun): Promise<{ output: string; hung: boolean }> {
  const limits = [`--testTimeout=${TEST_TIMEOUT_MS}`, `--hookTimeout=${TEST_TIMEOUT_MS}`, '--maxWorkers=1'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${REPORT}`];
  const program = join(workspace, 'node_modules/vitest/vitest.mjs');
  const options = [...limits, ...reporters, ...(bail ? ['--bail=1'] : []), '--no-color'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'run', ...options, ...suites], {
      cwd: workspace,
      detached: true, // a group of its own, so that workers in an endless loop end with it
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let hung = false;
    const keep = (text: Buffer): void => {
      output = `${output}${text.toString('utf8')}`.slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      hung = true;
      killGroup(child.pid);
    }, timeoutMs);
    const onAbort = (): void => killGroup(child.pid);
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', () => {
      settle();
      killGroup(child.pid); // what a broken test left behind
      resolve({ output, hung });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the group is gone already, which is what was wanted
  }
}

function readReport(file: string, workspace: string): Omit<SuiteReport, 'hung' | 'output'> {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: [], notLoaded: [], leftOut: [] }; // killed before the end, or never started
  }
  const { testResults } = reportSchema.parse(raw);
  const silent = testResults.filter(
    ({ assertionResults }) => !assertionResults.some(({ status }) => ['passed', 'failed'].includes(status)),
  );
  const nameOf = (path: string): string => path.replace(`${workspace}/`, '');
  const tests = testResults.flatMap((suite) => suite.assertionResults);
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: tests
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => ({ test: fullName, message: failureMessages?.join('\n') ?? '' })),
    notLoaded: silent
      .filter(({ status }) => status === 'failed')
      .map(({ name, message }) => `${nameOf(name)}: ${(message ?? '').slice(0, 300)}`),
    leftOut: silent.filter(({ status }) => status !== 'failed').map(({ name }) => nameOf(name)),
  };
}
