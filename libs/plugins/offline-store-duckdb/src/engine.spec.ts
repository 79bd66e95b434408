import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '@slipway/testing';
import { DuckdbEngine } from './engine.ts';

const signal = new AbortController().signal;

describe('the DuckDB engine', () => {
  const directory = temporaryDirectory();
  const engine = new DuckdbEngine({ memoryMebibytes: 256, threads: 2, cacheMebibytes: 1 }, directory.path);
  beforeAll(() => engine.open());
  afterAll(() => {
    engine.close();
    directory.remove();
  });
  const run = (sql: string) => engine.session(signal, (session) => session.rows(sql));

  it.each([
    `FROM read_csv('http://127.0.0.1:1/x.csv')`,
    `FROM read_parquet('s3://bucket/x.parquet')`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET autoload_known_extensions = true',
    `SET GLOBAL TimeZone = 'America/New_York'`,
    'SET lock_configuration = false',
  ])('cannot be brought to the network, to load code or to change its settings: %s', async (sql) => {
    await expect(run(sql)).rejects.toThrow(/extension|configuration has been locked/i);
  });

  it('takes times without an offset as UTC in every session', async () => {
    expect(await run(`SELECT epoch_us('1970-01-01 00:00:01'::TIMESTAMPTZ)`)).toEqual([[1_000_000n]]);
  });

  it('interrupts a statement as soon as the signal aborts, also just before it starts', async () => {
    for (const delayMs of [0, 1, 30]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const endless = engine.session(controller.signal, (session) =>
        session.rows('SELECT sum(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b'),
      );
      setTimeout(() => controller.abort(reason), delayMs);
      await expect(endless).rejects.toBe(reason);
    }
    expect(await run('SELECT 1')).toEqual([[1]]);
  });
});
