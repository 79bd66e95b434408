import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import type { Saboteur } from './saboteur.ts';

const SOURCE = `export const isAdult = (age: number): boolean => age >= 18;
export const isKnown = (name: string): boolean => name !== '';
`;
const SUITE = `import { expect, it } from 'vitest';
import { isAdult } from './rules.ts';
it('knows the bound', () => expect([isAdult(17), isAdult(18)]).toEqual([false, true]));
it('knows the young', () => expect(isAdult(3)).toBe(false));
`;
const packages = resolve(import.meta.dirname, '../../../../node_modules');

describe('a campaign of saboteurs', () => {
  let workspace: string;
  let lines: string[];
  const saboteur = (name: string, find: string, replace: string): Saboteur => {
    return { name, file: 'src/rules.ts', find, replace, suites: ['src/rules.spec.ts'] };
  };
  const run = (...saboteurs: readonly Saboteur[]): ReturnType<typeof runCampaign> =>
    runCampaign({
      saboteurs,
      workspaces: [workspace],
      timeoutMs: 6_000,
      print: (line) => void lines.push(line),
      signal: AbortSignal.timeout(60_000),
    });

  beforeAll(() => {
    workspace = mkdtempSync(join(tmpdir(), 'slipway-campaign-'));
    mkdirSync(join(workspace, 'src'));
    writeFileSync(join(workspace, 'package.json'), '{"type":"module"}');
    writeFileSync(join(workspace, 'src/rules.ts'), SOURCE);
    symlinkSync(packages, join(workspace, 'node_modules'));
  });
  afterAll(() => rmSync(workspace, { recursive: true, force: true }));
  beforeEach(() => {
    lines = [];
    writeFileSync(join(workspace, 'src/rules.spec.ts'), SUITE);
  });

  it('tells in order which ones a suite has noticed, and mends the code', async () => {
    const result = await run(
      saboteur('the bound moves', 'age >= 18', 'age > 18'),
      saboteur('anybody is known', "name !== ''", "name !== 'x'"),
      saboteur('is no code', 'age >= 18', 'age >='),
      saboteur('uses what is not there', 'age >= 18', 'age >= BOUND'),
      saboteur('is out of date', 'age >= 21', 'age > 21'),
      saboteur('is not clear', 'boolean', 'string'),
      saboteur('changes nothing', 'age >= 18', 'age >= 18'),
      saboteur('never ends', 'age >= 18', '((): boolean => { for (;;); })()'),
    );
    expect(lines).toEqual([
      '1 suites green before, 2 tests',
      '1/8 caught    the bound moves: knows the bound',
      '2/8 SURVIVED  anybody is known: 2 tests stayed green',
      expect.stringMatching(/^3\/8 SURVIVED  is no code: did not load: src\/rules\.spec\.ts/),
      '4/8 SURVIVED  uses what is not there: the change is no program: ReferenceError: BOUND is not defined',
      "5/8 SURVIVED  is out of date: 'age >= 21' occurs 0 times in src/rules.ts",
      "6/8 SURVIVED  is not clear: 'boolean' occurs 2 times in src/rules.ts",
      '7/8 SURVIVED  changes nothing: it changes nothing',
      '8/8 caught    never ends: the suite hung',
    ]);
    expect(result).toEqual({ caught: 2, survived: 6, 'not tried': 0 });
    expect(readFileSync(join(workspace, 'src/rules.ts'), 'utf8')).toBe(SOURCE);
  }, 120_000);

  it('begins only when the suites are green', async () => {
    writeFileSync(join(workspace, 'src/rules.spec.ts'), `${SUITE}it('fails', () => expect(1).toBe(2));\n`);
    await expect(run(saboteur('the bound moves', 'age >= 18', 'age > 18'))).rejects.toThrow(/not green.*fails/s);
    expect(lines).toEqual([]);
  });

  it('does not try what it cannot run here', async () => {
    writeFileSync(join(workspace, 'src/rules.spec.ts'), SUITE.replaceAll('it(', 'it.skip('));
    const result = await run(saboteur('the bound moves', 'age >= 18', 'age > 18'));
    expect(lines).toEqual([
      '0 suites green before, 0 tests',
      '1/1 NOT TRIED the bound moves: src/rules.spec.ts needs a server that this machine lacks',
    ]);
    expect(result).toEqual({ caught: 0, survived: 0, 'not tried': 1 });
  });

  it('names a suite that does not exist', async () => {
    const lost = { ...saboteur('the bound moves', 'age >= 18', 'age > 18'), suites: ['src/lost.spec.ts'] };
    await expect(run(lost)).rejects.toThrow('there is no suite src/lost.spec.ts');
  });
});
