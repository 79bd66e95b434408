import type { Client } from '@slipway/clients';
import type { FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import { DomainError } from '@slipway/kernel';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { temporaryDirectory } from '@slipway/testing';
import { freshInstallation, type FeatureInstallation } from './feature-installation.ts';
import { openParquetFiles, putOutput, type ParquetFiles } from './parquet-files.ts';

/** Key of the table that tests work with. */
export const KEYS = [{ name: 'flight', type: 'COLUMN_TYPE_STRING' as const }];
export const HOUR = 3_600_000_000;
/** Time zero of the tests, microseconds. */
export const T = Date.parse('2001-05-01T00:00:00Z') * 1000;

export interface StoredVersion {
  readonly version: number;
  readonly state: string;
  readonly online_schema: string;
}

/** A service, and table `late` of it: output `probability` by key `flight`. */
export class PredictionBench {
  readonly installation: FeatureInstallation;
  readonly parquet: ParquetFiles;
  /** Called once the version that is loaded is known to others. */
  onBegun: () => void = () => undefined;
  readonly #release: () => Promise<void>;

  private constructor(installation: FeatureInstallation, parquet: ParquetFiles, release: () => Promise<void>) {
    this.installation = installation;
    this.parquet = parquet;
    this.#release = release;
  }

  static async open(): Promise<PredictionBench> {
    const directory = temporaryDirectory();
    const databases: TestDatabases = await sqliteDatabases();
    let onBegun = (): void => undefined;
    const installation = await freshInstallation(databases, directory.path, {
      limits: { retiredPredictionsMs: 200, reapEveryMs: 100, repositoryRefreshMs: 0 },
      mapSizeMebibytes: 512,
      hooks: { atStep: (step) => (step === 'begun' ? onBegun() : undefined) },
    });
    const release = async (): Promise<void> => {
      await installation.stop();
      await databases.stop();
      directory.remove();
    };
    const bench = new PredictionBench(installation, await openParquetFiles(directory.path), release);
    onBegun = () => bench.onBegun();
    return bench;
  }

  async close(): Promise<void> {
    this.parquet.close();
    await this.#release();
  }

  get features(): Client<FeatureStoreService> {
    return this.installation.features;
  }

  /** An output file of rows as `flight, probability, hours after T`. */
  async outputOf(name: string, rows: readonly (readonly [string | null, number | null, number | null])[]) {
    const values = rows.map(([flight, value, hours]) => {
      const time = hours === null ? 'NULL' : `make_timestamptz(${T + hours * HOUR})`;
      return `(${flight === null ? 'NULL' : `'${flight}'`}, ${value ?? 'NULL'}::DOUBLE, ${time})`;
    });
    const select = `select * from (values ${values.join(', ')}) as t(flight, probability, due)`;
    return putOutput(this.installation.artifacts, await this.parquet.write(select), rows.length, name);
  }

  /** One with rows `flight-0`, `flight-1`, ...: so many that rows can be written while they are loaded. @param extra SQL of one more row. */
  async manyOf(name: string, rows: number, extra = `('seed', 0::DOUBLE, ${T})`) {
    const range = `select 'flight-' || i as flight, i::DOUBLE / ${rows} as probability, ${T} + i as due from range(${rows}) as r(i)`;
    const all = `${range} union all select * from (values ${extra}) as v(flight, probability, due)`;
    const file = await this.parquet.write(`select * replace (make_timestamptz(due) as due) from (${all})`);
    const [count] = await this.parquet.rows(`select count(*) from '${file}'`);
    return putOutput(this.installation.artifacts, file, Number(count?.[0]), name);
  }

  begin(manifest: string, files: object[], request: object = {}) {
    return this.features.loadPredictions({
      table: 'late',
      manifest_uri: manifest,
      files,
      keys: KEYS,
      outputs: ['probability'],
      time_column: 'due',
      ...request,
    });
  }

  /** @throws {Error} when the load fails. */
  async load(manifest: string, files: object[], request: object = {}) {
    const { operation } = await this.begin(manifest, files, request);
    const { result_json: json } = await this.installation.finished(operation);
    return JSON.parse(json) as { version: string; rows: string; manifest_uri: string };
  }

  /** Ages in hours. */
  async get(flights: readonly string[], at = T + 10 * HOUR) {
    const answer = await this.features.getPredictions({
      table: 'late',
      keys: { flight: { strings: { values: [...flights] } } },
      as_of: { seconds: String(Math.floor(at / 1e6)), nanos: 0 },
    });
    const { numbers, nulls } = answer.outputs['probability'] ?? {};
    return {
      version: answer.version,
      ages: answer.age_micros.map((age) => Number(age) / HOUR),
      statuses: answer.statuses.map((status) => status.replace('STORED_PREDICTION_STATUS_', '')),
      values: numbers?.values.map((value, row) => (nulls?.[row] ? null : value)),
    };
  }

  /** @param rows as flight, probability, hours after T, sequence. */
  write(rows: readonly (readonly [string, number, number, number])[]) {
    return this.features.writePredictions({
      table: 'late',
      keys: { flight: { strings: { values: rows.map(([flight]) => flight) } } },
      outputs: { probability: { numbers: { values: rows.map(([, value]) => value) } } },
      time_micros: rows.map(([, , hours]) => T + hours * HOUR),
      sequences: rows.map(([, , , sequence]) => sequence),
    });
  }

  versions(): Promise<readonly StoredVersion[]> {
    const select = 'select version, state, online_schema from features_prediction_version order by version';
    return this.installation.database.read(({ sql }) => sql.all<StoredVersion>(select));
  }

  async isLoading(): Promise<boolean> {
    return (await this.versions()).some(({ state }) => state === 'loading');
  }
}

/** @throws {Error} when the call was not refused. */
export async function refusal(call: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await call.then(
    () => new Error('was not refused'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof DomainError) return error;
  throw error;
}

/** @throws {Error} when it has not become so in five seconds. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not become so');
}
