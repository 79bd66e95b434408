import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@slipway/clients';
import type { Operation__Output, OperationService } from '@slipway/contracts/slipway.common.v1';
import type {
  FeatureStoreService,
  Ingestion__Output,
  RepositoryChange__Output,
  TrainingSet__Output,
} from '@slipway/contracts/slipway.features.v1';
import { UnavailableError } from '@slipway/kernel';
import { ENTITY_TIME, SOURCE } from './flights.ts';
import type { Principal } from './principals.ts';

const CHUNK_BYTES = 1024 * 1024;
/** A file takes as long as it takes. */
const UPLOAD = { timeoutMs: 300_000 };

/** The repository beside the program: its YAML files. */
export function repositoryFolder(): string {
  return join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../repository' : 'repository');
}

/** Makes the files of a folder the feature repository in force. */
export async function applyRepository(
  store: Client<FeatureStoreService>,
  folder: string,
  requestId: string,
): Promise<readonly RepositoryChange__Output[]> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
  const files = paths
    .sort()
    .map((path) => ({ path: path.replaceAll('\\', '/'), content: readFileSync(join(folder, path), 'utf8') }));
  const { changes } = await store.applyRepository({ files, request_id: requestId });
  return changes;
}

async function* upload<Header>(
  header: Header,
  file: string,
  onBytes: (sent: number) => void,
): AsyncGenerator<{ header: Header } | { chunk: Buffer }, void, undefined> {
  yield { header };
  let sent = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    yield { chunk: chunk as Buffer };
    onBytes((sent += (chunk as Buffer).byteLength));
  }
}

/** Hands a Parquet file of rows to the store. A repeat is answered with what became of the first. */
export async function ingest(
  store: Client<FeatureStoreService>,
  file: { path: string; description: string; requestId: string },
  onBytes: (sent: number) => void,
): Promise<Ingestion__Output> {
  const header = {
    source: SOURCE,
    format: 'FILE_FORMAT_PARQUET' as const,
    description: file.description,
    request_id: file.requestId,
  };
  const { ingestion } = await store.ingestRows(upload(header, file.path, onBytes), UPLOAD);
  if (!ingestion) throw new Error('the feature store answered without an ingestion');
  return ingestion;
}

export interface TrainingSetPlan {
  readonly name: string;
  /** Parquet of entity rows. */
  readonly entityRows: string;
  readonly features: readonly string[];
  /** Lets in what was learned only later: for showing what that does. */
  readonly leaking: boolean;
  readonly requestId: string;
}

/** Makes a step; see `Stage`. */
export type Attempt = <Answer>(step: () => Promise<Answer>) => Promise<Answer>;

/** Joins features to entity rows as of their times, and waits for it. */
export async function createTrainingSet(
  caller: Principal,
  plan: TrainingSetPlan,
  onProgress: (text: string) => void,
  attempt: Attempt = once,
): Promise<TrainingSet__Output> {
  const header = {
    name: plan.name,
    features: [...plan.features],
    format: 'FILE_FORMAT_PARQUET' as const,
    event_time_column: ENTITY_TIME,
    ignore_created_time: plan.leaking,
    request_id: plan.requestId,
  };
  const { operation } = await caller.features.createTrainingSet(
    upload(header, plan.entityRows, () => undefined),
    UPLOAD,
  );
  const { id } = await resultOf<{ id: string }>(caller.featureOperations, operation, attempt, onProgress);
  const { training_set: trainingSet } = await caller.features.getTrainingSet({ id });
  if (!trainingSet) throw new Error('the feature store answered without a training set');
  return trainingSet;
}

/** Brings new rows online. @returns rows stored, of all views. */
export async function materialize(
  caller: Principal,
  requestId: string,
  onProgress: (text: string) => void,
): Promise<number> {
  const { operation } = await caller.features.materializeViews({ views: [], request_id: requestId });
  const operations = caller.featureOperations;
  const { views } = await resultOf<{ views: readonly { stored: string }[] }>(operations, operation, once, onProgress);
  return views.reduce((sum, { stored }) => sum + Number(stored), 0);
}

/** For steps that are repeated as a whole. */
const once: Attempt = (step) => step();

/**
 * Follows an operation to its end, also when the service that works on it dies meanwhile and another takes over.
 * @throws {Error} with its error when it fails.
 */
export async function resultOf<Result>(
  operations: Client<OperationService>,
  begun: Operation__Output | null,
  attempt: Attempt,
  onProgress: (text: string) => void,
): Promise<Result> {
  if (!begun) throw new Error('the service answered without an operation');
  const ended = await attempt(async () => {
    for await (const { operation } of operations.watchOperation({ id: begun.id })) {
      const { done = '0', total = '0', unit = '' } = operation?.progress ?? {};
      onProgress(`${done} of ${total} ${unit}`);
      if (operation && FINAL.has(operation.state)) return operation;
    }
    throw new UnavailableError(`operation ${begun.id} was not followed to its end`);
  });
  if (ended.state === 'OPERATION_STATE_SUCCEEDED') return JSON.parse(ended.result_json) as Result;
  throw new Error(`${ended.kind} ended as ${ended.state}: ${ended.error?.message ?? 'no reason'}`);
}
const FINAL: ReadonlySet<string> = new Set([
  'OPERATION_STATE_SUCCEEDED',
  'OPERATION_STATE_FAILED',
  'OPERATION_STATE_CANCELLED',
]);
