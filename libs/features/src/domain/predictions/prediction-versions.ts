import { FailedPreconditionError } from '@slipway/kernel';
import type { FeatureDependencies } from '../dependencies.ts';
import { loadTakenOver, predictionTableMismatch } from '../errors.ts';
import type { Call, FeatureTransaction } from '../unit-of-work.ts';
import {
  isSameSchema,
  onlineSchemaOf,
  type PredictionLoad,
  type PredictionSchema,
  type PredictionTable,
  type PredictionVersion,
} from './prediction-table.ts';

/** Failed and retired versions of one table that wait for the reaper; more of them mean that something loads in a circle. */
const VERSIONS_MAX = 100;

/**
 * Notes the version before any row of it is written, so that it can be removed whatever happens. Work that is begun again has its own version back;
 * another operation with the same manifest takes over, with a version of its own.
 * @returns the table as it is when the manifest was loaded before.
 */
export function beginVersion(
  call: Call,
  load: PredictionLoad,
  { unitOfWork }: FeatureDependencies,
  operation: string,
): Promise<{ readonly served: PredictionTable } | { readonly version: PredictionVersion }> {
  return unitOfWork.run(call, async (tx) => {
    await tx.lock();
    const served = await tx.predictions.table(load.table);
    if (served && (await tx.predictions.isLoaded(load.table, load.manifestUri))) return { served };
    if (served) assertSame(load, served);
    const versions = await tx.predictions.versions(load.table);
    const loading = versions.filter(({ state }) => state === 'loading');
    const mine = loading.find((version) => version.operation === operation);
    if (mine) return { version: mine };
    for (const other of loading) {
      if (other.manifestUri === load.manifestUri)
        await tx.predictions.putVersion({ ...other, state: 'retired', updateTime: tx.now });
    }
    if (versions.length >= VERSIONS_MAX) throw tooManyVersions(load.table);
    const greatest = versions.reduce((most, { version }) => (version > most ? version : most), served?.version ?? 0n);
    const { keys, outputs }: PredictionSchema = served ?? load; // its order, whatever the order of the request
    const schema = { keys, outputs };
    const version: PredictionVersion = {
      ...schema,
      table: load.table,
      version: greatest + 1n,
      onlineSchema: onlineSchemaOf(greatest + 1n, schema, operation),
      manifestUri: load.manifestUri,
      state: 'loading',
      operation,
      updateTime: tx.now,
    };
    await tx.predictions.putVersion(version);
    return { version };
  });
}

interface LoadedVersion {
  readonly load: PredictionLoad;
  readonly version: PredictionVersion;
  readonly rows: bigint;
}

/**
 * Lets readers see a version whose rows are all there. One that a later one has overtaken is not shown: it is retired at once.
 * @returns the table as it is then.
 */
export function showVersion(
  call: Call,
  { load, version, rows }: LoadedVersion,
  { unitOfWork }: FeatureDependencies,
): Promise<PredictionTable> {
  return unitOfWork.run(call, async (tx) => {
    await tx.lock();
    const { predictions, now } = tx;
    const served = await predictions.table(load.table);
    if (served && (await predictions.isLoaded(load.table, load.manifestUri))) return served;
    const versions = await predictions.versions(load.table);
    const mine = versions.find((one) => one.version === version.version && one.operation === version.operation);
    if (mine?.state !== 'loading') throw loadTakenOver(load.table, load.manifestUri);
    if (served) assertSame(load, served);
    await predictions.addLoaded(load.table, load.manifestUri, version.version);
    if (served && served.version > version.version) {
      await predictions.putVersion({ ...mine, state: 'retired', updateTime: now });
      return served;
    }
    for (const old of versions.filter(({ state }) => state === 'served'))
      await predictions.putVersion({ ...old, state: 'retired', updateTime: now });
    await predictions.putVersion({ ...mine, state: 'served', updateTime: now });
    const { keys, outputs, onlineSchema, manifestUri } = mine;
    const { fallback, table: name } = load;
    const shown = { name, keys, outputs, version: mine.version, onlineSchema, manifestUri, rows, fallback };
    await predictions.putTable({ ...shown, updateTime: now });
    addFacts(tx, shown);
    return { ...shown, updateTime: now };
  });
}

function addFacts(tx: FeatureTransaction, table: Omit<PredictionTable, 'updateTime'>): void {
  const { name, version, rows, manifestUri } = table;
  tx.events.add({ kind: 'predictions-loaded', table: name, version, rows, manifestUri });
  const details = { version: version.toString(), rows: rows.toString(), manifest_uri: manifestUri };
  tx.audit.add({ action: 'features.predictions.show', resource: `predictions/${name}`, details });
}

function assertSame(load: PredictionSchema & { readonly table: string }, served: PredictionSchema): void {
  if (!isSameSchema(load, served)) throw predictionTableMismatch(load.table, served);
}

const tooManyVersions = (table: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `${VERSIONS_MAX} versions of table '${table}' wait to be removed; wait for that and load again`,
    { reason: 'PREDICTION_VERSIONS_MAX', facts: { table } },
  );
