/** Breaks one guard at a time in a copy of the workspace and demands that its suite turns red. Exits 1 when one stays green. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SABOTEURS } from './catalogue.ts';
import type { Saboteur } from './saboteur.ts';

const root = resolve(import.meta.dirname, '../../../..');
const SUITE_TIMEOUT_MS = 240_000;

/** A copy with sources of its own and the packages of the original. */
function copyWorkspace(): string {
  const copy = mkdtempSync(join(tmpdir(), 'slipway-saboteurs-'));
  for (const entry of [
    'apps',
    'libs',
    'proto',
    'package.json',
    'tsconfig.json',
    'tsconfig.base.json',
    'vitest.config.ts',
  ]) {
    cpSync(join(root, entry), join(copy, entry), {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)(\/|$)/.test(path.slice(root.length)),
    });
  }
  mkdirSync(join(copy, 'node_modules/@slipway'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@slipway' && name !== '.vite')
      symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  for (const name of readdirSync(join(root, 'node_modules/@slipway'))) {
    symlinkSync(readlinkSync(join(root, 'node_modules/@slipway', name)), join(copy, 'node_modules/@slipway', name)); // relative: into the copy
  }
  return copy;
}

function runSuites(copy: string, suites: readonly string[]): { failed: number; passed: number; output: string } {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run', '--bail=1', ...suites], {
    cwd: copy,
    encoding: 'utf8',
    timeout: SUITE_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1' },
  });
  const output = `${run.stdout}${run.stderr}`;
  const counts = /^(\d+) passed, (\d+) failed/m.exec(output);
  const hung = run.error !== undefined; // a suite that hangs has noticed, too
  return { passed: Number(counts?.[1] ?? 0), failed: Number(counts?.[2] ?? 0) + (hung ? 1 : 0), output };
}

/** @returns why this saboteur proves nothing, or undefined when its suites turned red. */
function sabotage(copy: string, saboteur: Saboteur): string | undefined {
  const path = join(copy, saboteur.file);
  const original = readFileSync(path, 'utf8');
  if (original.split(saboteur.find).length !== 2)
    return `'${saboteur.find}' does not occur exactly once in ${saboteur.file}`;
  writeFileSync(
    path,
    original.replace(saboteur.find, () => saboteur.replace),
  );
  const { failed, passed, output } = runSuites(copy, saboteur.suites);
  writeFileSync(path, original);
  if (failed > 0) return undefined;
  return passed === 0 ? `the suites did not run:\n${output.slice(-2000)}` : `${passed} tests stayed green`;
}

const only = process.argv[2];
const chosen = SABOTEURS.filter((saboteur) => only === undefined || saboteur.name.includes(only));
const copy = copyWorkspace();
let survivors = 0;
try {
  const suites = [...new Set(chosen.flatMap((saboteur) => saboteur.suites))];
  const calm = runSuites(copy, suites);
  if (calm.failed > 0 || calm.passed === 0)
    throw new Error(`the suites are not green to begin with:\n${calm.output.slice(-4000)}`);
  process.stdout.write(`${suites.length} suites green before, ${calm.passed} tests\n`);
  for (const [index, saboteur] of chosen.entries()) {
    const problem = sabotage(copy, saboteur);
    if (problem) survivors += 1;
    process.stdout.write(
      `${String(index + 1).padStart(2)}/${chosen.length} ${problem ? 'SURVIVED' : 'caught'}  ${saboteur.name}${problem ? `: ${problem}` : ''}\n`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`\n${chosen.length - survivors} passed, ${survivors} failed\n`);
process.exitCode = survivors > 0 ? 1 : 0;
