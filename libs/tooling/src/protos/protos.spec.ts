import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../../..');
const created: string[] = [];
afterEach(() => created.splice(0).forEach((path) => rmSync(path, { recursive: true, force: true })));

/** A copy of the contracts with one edit. */
function protosWith(find: string, replace: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'slipway-protos-'));
  created.push(copy);
  cpSync(join(root, 'proto'), copy, { recursive: true });
  const file = join(copy, 'slipway/registry/v1/registry.proto');
  const text = readFileSync(file, 'utf8');
  if (find !== '' && !text.includes(find)) throw new Error(`'${find}' is not in registry.proto`);
  writeFileSync(file, text.replace(find, replace));
  return copy;
}

function buf(...parameters: string[]): { status: number | null; output: string } {
  const run = spawnSync(join(root, 'node_modules/.bin/buf'), parameters, { encoding: 'utf8' });
  return { status: run.status, output: run.stdout + run.stderr };
}

const baseline = join(root, 'proto/baseline.binpb');

describe('proto checks', () => {
  it('accept the contracts as they are', () => {
    expect(buf('lint', join(root, 'proto'))).toMatchObject({ status: 0 });
    expect(buf('breaking', join(root, 'proto'), '--against', baseline)).toMatchObject({ status: 0 });
  });
  it('accept a new field', () => {
    expect(
      buf(
        'breaking',
        protosWith('string graph = 7;', 'string graph = 7;\n  string added = 900;'),
        '--against',
        baseline,
      ),
    ).toMatchObject({ status: 0 });
  });
  it.each([
    ['a renumbered field', 'string graph = 7;', 'string graph = 77;'],
    ['a changed type', 'string graph = 7;', 'int64 graph = 7;'],
    [
      'a removed method',
      'rpc ListAliasMoves(ListAliasMovesRequest) returns (ListAliasMovesResponse) {',
      'rpc ListMoves(ListAliasMovesRequest) returns (ListAliasMovesResponse) {',
    ],
  ])('refuse %s', (_name, find, replace) => {
    expect(buf('breaking', protosWith(find, replace), '--against', baseline).status).not.toBe(0);
  });
  it('refuse a name against the style', () => {
    const { status, output } = buf('lint', protosWith('string graph = 7;', 'string Graph = 7;'));
    expect(status).not.toBe(0);
    expect(output).toContain('lower_snake_case');
  });
});
