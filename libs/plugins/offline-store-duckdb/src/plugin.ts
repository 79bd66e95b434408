import type { OfflineStorePlugin } from '@slipway/plugin-kit';
import { readDuckdbConfig, type DuckdbConfig } from './config.ts';
import { DuckdbOfflineStore } from './duckdb-offline-store.ts';

/** Feature rows in Parquet files, computed over by an in-memory DuckDB of this process: `offlineStore.duckdb`. */
export const offlineStoreDuckdbPlugin: OfflineStorePlugin<DuckdbConfig> = {
  port: 'offline-store',
  name: 'duckdb',
  apiVersion: 1,
  parseConfig: readDuckdbConfig,
  create: (config, dependencies) => new DuckdbOfflineStore(config, dependencies),
};
