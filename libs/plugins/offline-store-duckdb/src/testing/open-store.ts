import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { createIdSource, silentLogger, systemClock, systemRandom, type Clock } from '@slipway/kernel';
import type { OfflineStore } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { offlineStoreDuckdbPlugin } from '../index.ts';

/** An open store in a directory of its own, and a DuckDB besides it that makes and reads the files of a test. */
export interface OpenStore {
  readonly store: OfflineStore;
  readonly directory: string;
  readonly dataDirectory: string;
  /** Runs a statement outside the store. */
  sql(statement: string): Promise<readonly (readonly DuckDBValue[])[]>;
  close(): Promise<void>;
}

export async function openStore(
  raw: Readonly<Record<string, unknown>> = {},
  clock: Clock = systemClock,
): Promise<OpenStore> {
  const root = temporaryDirectory();
  const dataDirectory = join(root.path, 'data');
  mkdirSync(dataDirectory);
  const store = offlineStoreDuckdbPlugin.create(offlineStoreDuckdbPlugin.parseConfig(raw), {
    clock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory,
  });
  await store.open(new AbortController().signal);
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  return {
    store,
    directory: root.path,
    dataDirectory,
    sql: async (statement) => (await connection.run(statement)).getRows(),
    close: async () => {
      connection.closeSync();
      instance.closeSync();
      await store.close();
      root.remove();
    },
  };
}
