import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';
import { findCommand } from '../command.ts';
import { NEEDS_MARK } from '../describe-with.ts';

const run = promisify(execFile);
const CACHE = join(import.meta.dirname, '../../../../node_modules/.cache/slipway-python');
/** Hundreds of megabytes over a slow line. */
const INSTALL_MS = 900_000;
const LOCK_EVERY_MS = 500;

/** A virtual environment, kept between runs. */
export interface PythonEnvironment {
  readonly python: string;
  readonly pip: string;
}

/**
 * A suite that needs Python and the packages of a `requirements.txt` from PyPI. It runs with `CI=true`, in the full tier, and wherever the
 * environment has been made before: a first `npm test` on a laptop downloads nothing. Otherwise it is skipped and named in the closing summary;
 * with `CI=true` a machine without Python or its module venv is a failure.
 * @param body gets a function that makes the environment, or finds it made; call it in `beforeAll` with `PYTHON_INSTALL_MS`.
 */
export function describeWithPython(
  requirements: string,
  name: string,
  body: (environment: () => Promise<PythonEnvironment>) => void,
): void {
  const python = findCommand('python3');
  const needs = python === undefined ? 'python3' : hasVenv(python) ? undefined : 'python3-venv';
  const folder = join(CACHE, digestOf(requirements, python));
  const isCi = process.env['CI'] === 'true';
  const mayInstall = isCi || process.env['SLIPWAY_TEST_TIER'] === 'full';
  if (python !== undefined && needs === undefined && (mayInstall || isComplete(folder))) {
    return void describe(name, () => body(() => environmentIn(folder, requirements, python)));
  }
  const title = `${name} ${NEEDS_MARK}${needs ?? 'packages of PyPI: set SLIPWAY_TEST_TIER=full once'}]`;
  if (!isCi) return void describe.skip(title, () => body(() => Promise.reject(new Error('skipped'))));
  describe(title, () => {
    it('has the Python it needs', () => {
      throw new Error(`not on this machine: ${needs}; .ci/run installs it`);
    });
  });
}

/** Time that `beforeAll` has to allow. */
export const PYTHON_INSTALL_MS = INSTALL_MS;

function hasVenv(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import ensurepip, venv'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false; // Debian packs them apart
  }
}

function digestOf(requirements: string, python: string | undefined): string {
  const version = python === undefined ? '' : execFileSync(python, ['--version'], { encoding: 'utf8' });
  return createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex').slice(0, 16);
}

const markOf = (folder: string): string => join(folder, 'complete');
const isComplete = (folder: string): boolean => existsSync(markOf(folder));

/** One process makes it, the others wait: a folder is the lock. */
async function environmentIn(folder: string, requirements: string, python: string): Promise<PythonEnvironment> {
  const lock = `${folder}.lock`;
  mkdirSync(CACHE, { recursive: true });
  for (let waited = 0; !isComplete(folder); waited += LOCK_EVERY_MS) {
    if (taken(lock)) {
      try {
        await make(folder, requirements, python);
      } finally {
        rmdirSync(lock);
      }
    } else if (waited > INSTALL_MS) {
      throw new Error(`somebody else has been making ${folder} for too long; if nobody is, remove ${lock}`);
    } else await sleep(LOCK_EVERY_MS);
  }
  return { python: join(folder, 'bin/python'), pip: join(folder, 'bin/pip') };
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false; // another process has it
  }
}

async function make(folder: string, requirements: string, python: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true }); // what a killed one has left
  await run(python, ['-m', 'venv', folder], { timeout: INSTALL_MS });
  const install = ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
  await run(join(folder, 'bin/pip'), install, { timeout: INSTALL_MS });
  writeFileSync(markOf(folder), '');
}
