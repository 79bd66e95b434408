import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const config = join(import.meta.dirname, 'dependency-cruiser.cjs');
const cruiser = join(import.meta.dirname, '../../../../node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

const PROJECTS: Record<string, string> = {
  'libs/kernel': 'type:kernel',
  'libs/platform': 'type:platform',
  'libs/registry': 'type:domain',
  'libs/serving': 'type:domain',
  'libs/scoring': 'type:engine',
  'apps/registry': 'type:app',
};

/** Source that breaks one rule, and the rule's name. */
const PLANTED: readonly [rule: string, file: string, source: string][] = [
  ['type-platform-imports', 'libs/platform/src/bad.ts', `import '../../registry/src/index.ts';`],
  ['type-kernel-imports', 'libs/kernel/src/bad.ts', `import '../../platform/src/index.ts';`],
  ['type-engine-imports', 'libs/scoring/src/bad.ts', `import '../../platform/src/index.ts';`],
  ['domain-imports-domain', 'libs/serving/src/bad.ts', `import '../../registry/src/index.ts';`],
  ['domain-is-pure', 'libs/registry/src/domain/bad.ts', `import '../store/rows.ts';`],
  ['domain-is-pure', 'libs/registry/src/domain/bad.ts', `import 'node:fs';`],
  ['rpc-knows-no-store', 'libs/registry/src/rpc/bad.ts', `import '../store/rows.ts';`],
  ['store-knows-no-wire', 'libs/registry/src/store/bad.ts', `import '../rpc/handlers.ts';`],
  ['only-the-entry-point', 'apps/registry/src/bad.ts', `import '../../../libs/registry/src/store/rows.ts';`],
  ['only-specs-import-testing', 'libs/registry/src/rpc/bad.ts', `import '../testing/index.ts';`],
  ['no-circular', 'libs/registry/src/store/rows.ts', `import './more.ts'; export const rows = 1;`],
];

const created: string[] = [];
afterEach(() => created.splice(0).forEach((path) => rmSync(path, { recursive: true, force: true })));

function workspaceWith(file: string, source: string): string {
  const root = mkdtempSync(join(tmpdir(), 'slipway-boundaries-'));
  created.push(root);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [project, tag] of Object.entries(PROJECTS)) {
    write(`${project}/package.json`, JSON.stringify({ type: 'module', nx: { tags: [tag] } }));
    write(`${project}/src/index.ts`, 'export const here = 1;');
  }
  write('libs/registry/src/store/rows.ts', 'export const rows = 1;');
  write('libs/registry/src/store/more.ts', `import './rows.ts';`);
  write('libs/registry/src/rpc/handlers.ts', 'export const handlers = 1;');
  write('libs/registry/src/testing/index.ts', 'export const fake = 1;');
  if (file) write(file, source);
  return root;
}

function cruise(root: string): { status: number | null; output: string } {
  const run = spawnSync(process.execPath, [cruiser, '--config', config, 'apps', 'libs'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SLIPWAY_BOUNDARIES_ROOT: root, NO_COLOR: '1' },
  });
  return { status: run.status, output: run.stdout + run.stderr };
}

describe('import boundaries', () => {
  it('pass on a clean workspace', () => {
    expect(cruise(workspaceWith('', ''))).toMatchObject({ status: 0 });
  });
  it.each(PLANTED)('%s bites on a planted violation in %s', (rule, file, source) => {
    const { status, output } = cruise(workspaceWith(file, source));
    expect(output).toContain(rule);
    expect(status).not.toBe(0);
  });
});
