import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSuites, type FailedTest, type SuiteReport } from './run-suites.ts';
import type { Saboteur } from './saboteur.ts';

/** What became of a saboteur. */
export interface Verdict {
  readonly kind: 'caught' | 'survived' | 'not tried';
  /** The test that noticed, or why this saboteur proves nothing. */
  readonly because: string;
}

/** The changed code is no program: such a failure says nothing about the guard. */
const BROKEN_CODE = /^(?:ReferenceError|SyntaxError)\b/;

/**
 * Breaks one guard, runs its suites and mends it again.
 * @param workspace a copy that nobody else uses meanwhile. @param timeoutMs of all its suites together; longer is hanging, which a suite notices by.
 * @throws the signal's reason when it aborts.
 */
export async function sabotage(
  workspace: string,
  saboteur: Saboteur,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Verdict> {
  const path = join(workspace, saboteur.file);
  const original = readFileSync(path, 'utf8');
  const times = original.split(saboteur.find).length - 1;
  if (times !== 1) return { kind: 'survived', because: `'${saboteur.find}' occurs ${times} times in ${saboteur.file}` };
  const changed = original.replace(saboteur.find, () => saboteur.replace);
  if (changed === original) return { kind: 'survived', because: 'it changes nothing' };
  writeFileSync(path, changed);
  try {
    return judge(await runSuites({ workspace, suites: saboteur.suites, bail: true, timeoutMs, signal }));
  } finally {
    writeFileSync(path, original);
  }
}

/** A failed test or a hanging suite has noticed; a file that does not load has not. */
export function judge({ passed, failed, notLoaded, hung, output }: SuiteReport): Verdict {
  const noticed = failed.find((test) => !BROKEN_CODE.test(test.message));
  if (noticed) return { kind: 'caught', because: noticed.test };
  if (hung) return { kind: 'caught', because: 'the suite hung' };
  if (failed[0]) return { kind: 'survived', because: `the change is no program: ${firstLine(failed[0])}` };
  if (notLoaded.length > 0) return { kind: 'survived', because: `did not load: ${notLoaded.join('; ')}` };
  if (passed === 0) return { kind: 'survived', because: `no test ran:\n${output.slice(-2_000)}` };
  return { kind: 'survived', because: `${passed} tests stayed green` };
}

const firstLine = ({ message }: FailedTest): string => message.split('\n', 1)[0] ?? '';
