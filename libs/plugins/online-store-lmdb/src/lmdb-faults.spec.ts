import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataLossError, ExhaustedError, type DomainError, type OnlineRow, type OnlineStore } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { describe, expect, it } from 'vitest';
import { onlineStoreLmdbPlugin } from './index.ts';
import { storeIn } from './testing/stores.ts';

const unaborted = new AbortController().signal;
const table = { workspace: 'default', view: 'faults', schema: 'v1' };
const script = (name: string): string => fileURLToPath(new URL(`./testing/${name}.ts`, import.meta.url));
const notes = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith('in-use-'));

const rowOf = (key: string, eventTime: bigint, bytes = 1_000): OnlineRow => ({
  key: Buffer.from(key),
  values: Buffer.alloc(bytes, key),
  eventTime,
  createdTime: 0n,
  arrival: 0n,
});

async function opened(directory: string, settings: Readonly<Record<string, unknown>> = {}): Promise<OnlineStore> {
  const store = storeIn(directory, settings);
  await store.open(unaborted);
  return store;
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Runs a script while the system refuses files past the limit, as a full disk refuses writes; without the trap it would end the process instead. */
function withFileLimit(kibibytes: number, ...args: readonly string[]): SpawnSyncReturns<string> {
  const command = `trap '' XFSZ; ulimit -f ${kibibytes}; exec "$0" "$@"`;
  return spawnSync('bash', ['-c', command, process.execPath, ...args], { encoding: 'utf8', timeout: 30_000 });
}

describe('settings', () => {
  it('have defaults and take text', () => {
    expect(onlineStoreLmdbPlugin.parseConfig({})).toEqual({ mapSizeMebibytes: 4_096, durability: 'process' });
    expect(onlineStoreLmdbPlugin.parseConfig({ mapSizeMebibytes: '16', durability: 'power' })).toEqual({
      mapSizeMebibytes: 16,
      durability: 'power',
    });
  });

  it('name every problem', () => {
    const parse = (): unknown =>
      onlineStoreLmdbPlugin.parseConfig({ mapSizeMebibytes: 0, durability: 'often', size: 1 });
    expect(parse).toThrow(/online-store\.lmdb\.mapSizeMebibytes.*online-store\.lmdb\.durability.*size/s);
  });
});

describe('a full store', () => {
  it('refuses more rows, names the setting, keeps what it has, takes updates, and takes rows again after a drop', async () => {
    using directory = temporaryDirectory();
    const store = await opened(directory.path, { mapSizeMebibytes: 2 });
    let stored = 0;
    let failure: unknown;
    while (!failure && stored < 10_000) {
      failure = await failureOf(store.write(table, [rowOf(`k${stored}`, 0n)], unaborted));
      if (!failure) stored += 1;
    }
    expect(failure).toBeInstanceOf(ExhaustedError);
    expect((failure as DomainError).message).toContain('online-store.lmdb.map-size-mebibytes = 2');
    expect(stored).toBeGreaterThan(1_000);
    for (let turn = 1n; turn < 200n; turn++) {
      expect(await store.write(table, [rowOf(`k${turn}`, turn)], unaborted)).toEqual({ stored: 1 });
    }
    const keys = Array.from({ length: stored }, (_, index) => Buffer.from(`k${index}`));
    const [rows = []] = await store.read([{ table, keys }], unaborted);
    expect(rows.every((row, index) => row && Buffer.alloc(1_000, `k${index}`).equals(row.values))).toBe(true);
    await store.drop(table, unaborted);
    const again = { ...table, schema: 'v2' };
    for (let index = 0; index < stored; index++) await store.write(again, [rowOf(`k${index}`, 0n)], unaborted);
    await store.close();
    expect(statSync(join(directory.path, 'rows.mdb')).size).toBeLessThan(5 * 1024 * 1024);
  });

  it('fails only the calls that are too much when several share a transaction', async () => {
    using directory = temporaryDirectory();
    const store = await opened(directory.path, { mapSizeMebibytes: 1 });
    const large = Array.from({ length: 1_000 }, (_, index) => rowOf(`large ${index}`, 0n));
    const outcomes = await Promise.allSettled([
      store.write(table, [rowOf('before', 0n)], unaborted),
      store.write(table, large, unaborted),
      store.write(table, [rowOf('after', 0n)], unaborted),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const keys = ['before', 'after', 'large 0', 'large 999'].map((key) => Buffer.from(key));
    const [rows = []] = await store.read([{ table, keys }], unaborted);
    expect(rows.map((row) => row !== undefined)).toEqual([true, true, false, false]);
    await store.close();
  });
});

describe('a full disk', () => {
  it('is told as such; what was acknowledged stays readable, then and after reopening', async () => {
    using directory = temporaryDirectory();
    const run = withFileLimit(4_096, script('write-until-full'), directory.path);
    expect(run.stderr).toBe(''); // LMDB complains there when a write of its own fails, and may then end the process
    const told = JSON.parse(run.stdout) as { acknowledged: number };
    expect(told).toMatchObject({
      kind: 'exhausted',
      reason: 'ONLINE_STORE_DISK_FULL',
      read: told.acknowledged,
      again: 'ONLINE_STORE_DISK_FULL',
    });
    expect(told.acknowledged).toBeGreaterThan(100);
    const store = await opened(directory.path);
    const keys = Array.from({ length: told.acknowledged }, (_, index) => Buffer.from(`k${index}`));
    const [rows = []] = await store.read(
      [{ table, keys }].map((one) => ({ ...one, table: { ...table, view: 'full' } })),
      unaborted,
    );
    expect(rows.every((row, index) => row && Buffer.alloc(4_000, `${index}`).equals(row.values))).toBe(true);
    expect(await store.write({ ...table, view: 'full' }, [rowOf('more', 0n)], unaborted)).toEqual({ stored: 1 });
    await store.close();
  });
});

describe('a disk with no room for a database', () => {
  it('is told as such', () => {
    using directory = temporaryDirectory();
    const run = withFileLimit(16, script('write-until-full'), directory.path);
    expect(run.stderr).toContain('ONLINE_STORE_DISK_FULL');
    expect(run.status).toBe(1);
  });
});

describe('a file that cannot be trusted', () => {
  it('that is not of LMDB is refused as damaged', async () => {
    using directory = temporaryDirectory();
    for (const content of [Buffer.alloc(65_536, 'not a database'), Buffer.from('short')]) {
      writeFileSync(join(directory.path, 'rows.mdb'), content);
      expect(await failureOf(storeIn(directory.path).open(unaborted))).toBeInstanceOf(DataLossError);
    }
    expect(notes(directory.path)).toEqual([]);
    writeFileSync(join(directory.path, 'rows.mdb'), '');
    const store = await opened(directory.path);
    expect(await store.write(table, [rowOf('k', 0n)], unaborted)).toEqual({ stored: 1 });
    await store.close();
  });

  it('is one that was open with durability process when the machine stopped', async () => {
    using directory = temporaryDirectory();
    const store = await opened(directory.path);
    await store.write(table, [rowOf('k', 0n)], unaborted);
    expect(notes(directory.path)).toHaveLength(1);
    const [note = ''] = notes(directory.path);
    const text = readFileSync(join(directory.path, note), 'utf8');
    await store.close();
    expect(notes(directory.path)).toEqual([]);
    writeFileSync(join(directory.path, note), text.replace(/^\S+/, '00000000-0000-0000-0000-000000000000'));
    for (const durability of ['process', 'power']) {
      const failure = await failureOf(storeIn(directory.path, { durability }).open(unaborted));
      expect(failure).toBeInstanceOf(DataLossError);
      expect((failure as DomainError).message).toContain(directory.path);
    }
  });

  it('is not one that was closed, nor one whose process was killed', async () => {
    using directory = temporaryDirectory();
    const child = spawn(process.execPath, [script('write-for-ever'), directory.path, 'process', '1', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(notes(directory.path)).toHaveLength(1);
    const first = await opened(directory.path);
    const second = await opened(directory.path);
    expect(notes(directory.path)).toHaveLength(2); // the note of the killed process is taken over
    await first.close();
    expect(notes(directory.path)).toHaveLength(1);
    await second.close();
    expect(notes(directory.path)).toEqual([]);
  });
});
