import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';

/** A DuckDB besides the service, that makes and reads the files of a test. */
export interface ParquetFiles {
  /** Rows of a result with values as JSON has them, int64 as text. */
  rows(sql: string): Promise<unknown[][]>;
  /** Writes the rows of a query to a file of its own. @returns its path. */
  write(select: string): Promise<string>;
  /** Writes content to a file of its own. @returns its path. */
  save(content: Uint8Array): string;
  close(): void;
}

export async function openParquetFiles(directory: string): Promise<ParquetFiles> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection: DuckDBConnection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  let count = 0;
  const next = (): string => join(directory, `made-${(count += 1)}.parquet`);
  return {
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson(),
    write: async (select) => {
      const file = next();
      await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
      return file;
    },
    save: (content) => {
      const file = next();
      writeFileSync(file, content);
      return file;
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Puts a file where a batch job would put its results. @returns how it is named to the feature store. */
export async function putOutput(
  artifacts: ArtifactStore,
  file: string,
  rows: number,
  name: string,
  workspace = 'default',
) {
  const content = readFileSync(file);
  const path = artifactPath(workspace, 'batch', name);
  await artifacts.write(path, chunks(content), {}, AbortSignal.timeout(10_000));
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { uri: `artifact:${path}`, bytes: content.length.toString(), sha256, rows: rows.toString() };
}

async function* chunks(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  await Promise.resolve();
  yield content;
}

/** Content of a stored file by the address that the contract gives it. */
export async function readArtifact(artifacts: ArtifactStore, uri: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const signal = AbortSignal.timeout(10_000);
  for await (const part of await artifacts.read(artifactPath(uri.slice('artifact:'.length)), undefined, signal))
    parts.push(part);
  return Buffer.concat(parts);
}
