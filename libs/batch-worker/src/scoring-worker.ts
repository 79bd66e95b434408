import type { DuckDBInstance } from '@duckdb/node-api';
import { DataLossError, type JsonValue } from '@slipway/kernel';
import { ENVELOPE_BYTES_MAX, readTrustedKey } from '@slipway/model-package';
import type { ModelRuntime, PartitionWorker } from '@slipway/plugin-kit';
import { loadScorer, type Scorer } from '@slipway/scoring';
import { openDatabase, withConnection } from './database.ts';
import { ENVELOPE_FILE, packageFileName, readPackageFile } from './package-folder.ts';
import { scorePartition } from './score-partition.ts';
import type { ScoringTask } from './scoring-task.ts';
import { writePartition } from './write-partition.ts';

/** Steps between which a kill test ends the process. */
export type ScoringStep = 'taken' | 'loaded' | 'scored' | 'copied' | 'renamed' | 'written';

export interface ScoringWorkerOptions {
  /** Opened with the first task, closed with the worker. */
  readonly runtime: ModelRuntime;
  /** For kill tests. */
  readonly atStep?: (step: ScoringStep, task: ScoringTask) => void;
}

/** Takes `ScoringTask`s: verifies the package, scores with it through the engine that serving uses, writes files, answers a `ScoringResult`. */
export function createScoringWorker({ runtime, atStep = () => undefined }: ScoringWorkerOptions): PartitionWorker {
  let database: Promise<DuckDBInstance> | undefined;
  let opening: Promise<void> | undefined;
  let loaded: { readonly digest: string; readonly scorer: Scorer } | undefined;

  /** The last version is kept: partitions of one job follow each other. */
  const scorerOf = async (task: ScoringTask, signal: AbortSignal): Promise<Scorer> => {
    if (loaded && loaded.digest === task.model.digest) return loaded.scorer;
    await (opening ??= runtime.open(signal));
    await loaded?.scorer.close();
    loaded = undefined;
    const scorer = await loadVerified(task.model, runtime, signal);
    loaded = { digest: task.model.digest, scorer };
    return scorer;
  };

  return {
    run: async (json, signal) => {
      const task = json as unknown as ScoringTask; // made by our own runner, of this very version
      const told = (step: ScoringStep): void => atStep(step, task);
      told('taken');
      const scorer = await scorerOf(task, signal);
      told('loaded');
      const result = await withConnection(await (database ??= openDatabase()), signal, async (connection) => {
        const scored = await scorePartition(connection, scorer, task, signal);
        told('scored');
        return writePartition(connection, task, scored, told);
      });
      told('written');
      return result as unknown as JsonValue;
    },
    close: async () => {
      await loaded?.scorer.close();
      if (opening) await runtime.close();
      (await database)?.closeSync();
    },
  };
}

/** @throws {DataLossError} PACKAGE_DIGEST_MISMATCH when a valid package of that version is not the one that was pinned, and what `loadScorer` throws. */
async function loadVerified(model: ScoringTask['model'], runtime: ModelRuntime, signal: AbortSignal): Promise<Scorer> {
  const { folder, workspace, name, version, digest } = model;
  const scorer = await loadScorer({
    envelope: await readPackageFile(folder, ENVELOPE_FILE, ENVELOPE_BYTES_MAX),
    readFile: (path, bytes) => readPackageFile(folder, packageFileName(path), bytes),
    trustedKeys: model.trustedKeys.map((pem) => readTrustedKey(pem)),
    runtime,
    expected: { workspace, model: name, version },
    signal,
  });
  if (scorer.digest === digest) return scorer;
  await scorer.close();
  throw new DataLossError('the package is signed, yet it is not the one that the job began with', {
    reason: 'PACKAGE_DIGEST_MISMATCH',
    facts: { expected: digest, found: scorer.digest },
  });
}
