import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describeWith, startSlipway, temporaryDirectory, type SlipwayProcess } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressesOf, STORY_SETTINGS, tellStoryOn } from './story-on.ts';
import { compareTelling } from './told-stories.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** Their blocks are run, each page from its top in a folder of its own, as somebody would who reads along. */
const GUIDES = [
  'docs/feature-store.md',
  'docs/tracking.md',
  'docs/serving.md',
  'docs/gateway.md',
  'docs/clients.md',
  'docs/batch.md',
  'docs/streams.md',
  'docs/pipelines.md',
  'docs/experiments.md',
  'docs/monitoring.md',
];
const DECISIONS = readdirSync(join(root, 'docs/adr')).map((name) => `docs/adr/${name}`);
const PAGES = [
  'README.md',
  'docs/mlflow-users.md',
  'docs/deployment.md',
  'docs/plugins.md',
  'docs/events.md',
  ...GUIDES,
  ...DECISIONS,
];
const SLICE = 16;
const TOKENS = {
  alice: { principal: 'alice', roles: ['editor', 'approver'] },
  bob: { principal: 'bob', roles: ['approver'] },
  auditor: { principal: 'auditor', roles: ['auditor', 'viewer'] },
};

let slipway: SlipwayProcess<keyof typeof TOKENS>;
const folder = temporaryDirectory();

/** A server that has seen what `npm run demo -- --keep` leaves behind, in small. */
beforeAll(async () => {
  slipway = await startSlipway({ app: 'slipway', tokens: TOKENS, settings: STORY_SETTINGS });
  const outcome = await tellStoryOn(slipway.tokens, addressesOf(slipway), { slice: SLICE });
  compareTelling('one process', SLICE, outcome);
}, 300_000);

afterAll(async () => {
  await slipway?.stop();
  folder.remove();
});

const commands = [...read('README.md').matchAll(/^npm run slipway -- (.+)$/gm)].map((match) => match[1] ?? '');

describe('the documentation', () => {
  it.each(PAGES)('%s names no script that is not there', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm run (?:-\S+ )*([a-z][a-z:-]*)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
  it.each(PAGES)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
  it('shows more than a handful of commands', () => expect(commands.length).toBeGreaterThan(3));
  it.each(commands)('slipway %s works', async (command) => {
    const environment = { ...process.env, SLIPWAY_ADDRESS: slipway.grpcAddress, SLIPWAY_TOKEN: slipway.tokens.auditor };
    const program = join(root, 'apps/cli/src/main.ts');
    const { stdout } = await run(process.execPath, [program, ...command.split(' ')], { env: environment });
    expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(command.startsWith('audit verify') ? 1 : 2);
    if (command.startsWith('audit verify')) expect(stdout).toMatch(/^intact: \d+ records, head [0-9a-f]{64}$/m);
  });
});

interface Block {
  readonly line: number;
  readonly script: string;
}

/** Of the README what comes after the server is there. */
const blocksOf = (page: string): readonly Block[] => {
  const all = read(page);
  const text = page === 'README.md' ? all.slice(all.indexOf('## Start here')) : all;
  return [...text.matchAll(/^```sh\n([\s\S]+?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    script: match[1] ?? '',
  }));
};

/**
 * What a reader has at hand: our programs without their start by npm. Each call has to print something, and a refusal over HTTP ends the
 * script; what a block prints goes to a file of its own.
 */
const PRELUDE = `set -eu
said() { cat > "$SAID.part"; [ -s "$SAID.part" ] || { echo "nothing from: $*" >&2; exit 1; }; cat "$SAID.part"; }
npm() { shift 3; "$NODE" "$ROOT/apps/cli/src/main.ts" "$@" > "$SAID.out" || exit 1; said slipway "$@" < "$SAID.out"; }
npx() { tool=$1; shift; "$ROOT/node_modules/.bin/$tool" "$@" > "$SAID.out" || exit 1; said "$tool" "$@" < "$SAID.out"; }
curl() { case " $* " in
  *" -sN "*) command curl --fail-with-body "$@" || [ $? = 28 ] || exit 1 ;; # until its time is over
  *) command curl --fail-with-body "$@" > "$SAID.out" || { cat "$SAID.out" >&2; exit 1; }; said curl "$@" < "$SAID.out" ;;
esac; }
`;

describeWith(['curl'], 'a guide', () => {
  const addresses = (): readonly (readonly [string, string])[] => [
    ['localhost:8080', new URL(slipway.gatewayUrl).host],
    ['localhost:8000', new URL(slipway.inferenceUrl).host],
    ['127.0.0.1:8001', slipway.inferenceAddress],
    ['127.0.0.1:50051', slipway.grpcAddress],
  ];
  it.each(['README.md', ...GUIDES])('%s does what it says', { timeout: 60_000 }, async (page) => {
    const blocks = blocksOf(page);
    expect(blocks.length).toBeGreaterThan(2);
    const place = join(folder.path, basename(page));
    mkdirSync(place);
    symlinkSync(join(root, 'apps'), join(place, 'apps'));
    const said = ({ line }: Block): string => join(place, `said-${line}`);
    const steps = blocks.map((block) => `SAID=${said(block)}\n{\n${block.script}} > "$SAID"\n`);
    const script = addresses().reduce((text, [from, to]) => text.replaceAll(from, to), PRELUDE + steps.join(''));
    writeFileSync(join(place, 'guide.sh'), script);
    const token = slipway.tokens[page === 'README.md' ? 'auditor' : 'alice'];
    const tokenFile = join(place, 'caller.token');
    writeFileSync(tokenFile, token);
    const settings = { SLIPWAY_ADDRESS: slipway.grpcAddress, SLIPWAY_TOKEN_FILE: tokenFile, TOKEN: token };
    const env = { ...process.env, ...settings, ROOT: root, NODE: process.execPath };
    await run('sh', ['guide.sh'], { cwd: place, env });
    const silent = blocks.filter((block) => readFileSync(said(block), 'utf8').trim() === '');
    expect(silent.map(({ line }) => `${page}:${line}`)).toEqual([]);
  });
});

/** Needs PyPI, which a first `npm test` on a laptop may not have. */
const withPyPi = process.env['CI'] === 'true' || process.env['SLIPWAY_TEST_TIER'] === 'full';

describeWith(withPyPi ? ['python'] : [], 'a Python client from PyPI', () => {
  it.runIf(withPyPi)('gets a probability by the snippet of docs/clients.md', { timeout: 240_000 }, async () => {
    const environment = join(folder.path, 'venv');
    await run('python3', ['-m', 'venv', environment]);
    const pip = ['install', '--quiet', '--disable-pip-version-check', 'tritonclient[grpc]==2.73.0'];
    await run(join(environment, 'bin/pip'), pip);
    const snippet = /```python\n([\s\S]+?)```/.exec(read('docs/clients.md'))?.[1] ?? '';
    const script = snippet.replace('127.0.0.1:8001', slipway.inferenceAddress);
    expect(script).not.toBe(snippet);
    writeFileSync(join(folder.path, 'alice.token'), slipway.tokens.alice);
    writeFileSync(join(folder.path, 'predict.py'), script);
    const { stdout } = await run(join(environment, 'bin/python'), ['predict.py'], { cwd: folder.path });
    const probability = Number(/\[\[\s*([0-9.e-]+)\s*\]\]/.exec(stdout)?.[1]);
    expect(probability).toBeGreaterThan(0.01);
    expect(probability).toBeLessThan(0.99);
  });
});
