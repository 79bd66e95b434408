import { canonicalJson, InvalidArgumentError } from '@slipway/kernel';
import type { IngestJob, IngestResult } from '@slipway/plugin-kit';
import type { FeatureDependencies } from '../dependencies.ts';
import { fileInvalid, sourceBusy, sourceNotFound, uploadExpired, uploadRefused } from '../errors.ts';
import type { LocalFile } from '../files.ts';
import type { Ingestion } from '../ingestion.ts';
import { didYouMean } from '../near-names.ts';
import type { Source } from '../repository/feature-repository.ts';
import type { IndexedRepository } from '../repository-cache.ts';
import type { Call, FeatureTransaction } from '../unit-of-work.ts';
import { findAnswer } from '../upload/answered.ts';
import { receiveUpload } from '../upload/receive-upload.ts';
import type { UploadPart } from '../upload/upload-reader.ts';

const METHOD = 'features.IngestRows';
/** Others of the same source that may be faster, one after the other, before we give up. */
const ATTEMPTS_MAX = 8;

export interface IngestHeader {
  readonly source: string;
  readonly format: 'parquet' | 'csv';
  /** Empty when it is not announced. */
  readonly sha256: string;
  readonly description: string;
  readonly requestId: string;
}

/** The same plain data that a repeat of the request is answered with. */
interface Answer {
  readonly id: string;
  readonly duplicate: boolean;
}

export interface IngestedRows {
  readonly ingestion: Ingestion;
  /** The content had been ingested before; this is what became of it then. */
  readonly duplicate: boolean;
}

/**
 * Splits a file into rows that keep the contract of their source and rows that do not, stores both, and makes them visible in one commit.
 * A failure before that leaves files that nothing names, and the sweeper removes them.
 * @throws {NotFoundError} reason SOURCE_NOT_FOUND. @throws {InvalidArgumentError} reason FILE_INVALID or UPLOAD_*.
 * @throws {ConflictError} reason SOURCE_BUSY or UPLOAD_EXPIRED. And the reasons of `receiveUpload`.
 */
export async function ingestRows(
  call: Call,
  parts: AsyncIterable<UploadPart<IngestHeader>>,
  deps: FeatureDependencies,
  signal: AbortSignal,
): Promise<IngestedRows> {
  const { workspace } = call.caller;
  return receiveUpload(parts, deps, signal, async (header, receive) => {
    const known = await findAnswer<Answer>(deps.unitOfWork, call, METHOD, header.requestId, requestOf(header));
    if (known) return view(call, known, deps);
    sourceOf(await deps.repositories.current(workspace), header.source); // before megabytes are sent for nothing
    const upload = await receive();
    deps.atStep('received');
    if (header.sha256 !== '' && header.sha256 !== upload.sha256) {
      const text = `was announced as ${header.sha256}, but the file has ${upload.sha256}`;
      throw uploadRefused('UPLOAD_DIGEST_MISMATCH', 'header.sha256', text);
    }
    const work = () => ingest(call, header, upload, deps, signal);
    return view(call, await deps.turns.run(`rows/${workspace}/${header.source}`, signal, work), deps);
  });
}

/** What two requests with the same id have to share. */
function requestOf(header: IngestHeader): object {
  const { requestId: _, ...request } = header;
  return request;
}

function sourceOf({ sources }: IndexedRepository, name: string): Source {
  const source = sources.get(name);
  if (!source) throw sourceNotFound(name, didYouMean(name, [...sources.keys()]));
  return source;
}

async function view(
  { caller }: Call,
  { id, duplicate }: Answer,
  { unitOfWork }: FeatureDependencies,
): Promise<IngestedRows> {
  const ingestion = await unitOfWork.read(caller, ({ ingestions }) => ingestions.get(id));
  if (!ingestion) throw new Error(`ingestion ${id} is gone`);
  return { ingestion, duplicate };
}

/** What the engine was told; when it is not true any more at the commit, the work is done again. */
interface Basis {
  readonly source: Source;
  /** Of the newest row before. */
  readonly arrival: bigint;
  readonly isDuplicate: boolean;
}

class OutdatedBasis extends Error {}

async function ingest(
  call: Call,
  header: IngestHeader,
  upload: LocalFile,
  deps: FeatureDependencies,
  signal: AbortSignal,
): Promise<Answer> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const basis = await readBasis(call, header, upload, deps);
    const split = basis.isDuplicate ? undefined : await splitRows(call, header, upload, basis, deps, signal);
    try {
      const ingestion = split && toIngestion(call, header, upload, basis, split, deps.ids.next());
      const answer = await deps.unitOfWork.run(call, (tx) =>
        tx.once(METHOD, header.requestId, requestOf(header), () =>
          commit(tx, { header, upload, basis, split, ingestion }, deps),
        ),
      );
      if (split?.accepted && answer.id === ingestion?.id) await deps.files.adopt(split.accepted);
      return answer;
    } catch (error) {
      if (!(error instanceof OutdatedBasis)) throw error;
    } finally {
      await deps.files.discard(...(split?.paths ?? []));
    }
  }
  throw sourceBusy(header.source);
}

async function readBasis(
  { caller }: Call,
  { source: name }: IngestHeader,
  { sha256 }: LocalFile,
  { unitOfWork, repositories }: FeatureDependencies,
): Promise<Basis> {
  const source = sourceOf(await repositories.refresh(caller.workspace), name);
  return unitOfWork.read(caller, async ({ ingestions, sources }) => ({
    source,
    arrival: (await sources.get(name))?.arrival ?? 0n,
    isDuplicate: (await ingestions.byContent(name, sha256)) !== undefined,
  }));
}

interface SplitRows {
  readonly result: IngestResult;
  readonly accepted: LocalFile | undefined;
  readonly rejected: LocalFile | undefined;
  readonly claimTime: bigint;
  readonly paths: readonly string[];
}

async function splitRows(
  call: Call,
  { format }: IngestHeader,
  upload: LocalFile,
  { source, arrival }: Basis,
  deps: FeatureDependencies,
  signal: AbortSignal,
): Promise<SplitRows> {
  const { files, offline, unitOfWork, atStep } = deps;
  const paths = [files.newPath('parquet'), files.newPath('parquet')] as const;
  try {
    const places = { acceptedFile: paths[0], rejectedFile: paths[1], firstArrival: arrival + 1n };
    const job: IngestJob = { input: { file: upload.path, format }, ...places, ...rulesOf(source) };
    const result = await offline.ingest(job, signal).catch((error: unknown) => {
      throw error instanceof InvalidArgumentError ? fileInvalid(error, upload.path) : error;
    });
    atStep('checked');
    const accepted = result.acceptedRows > 0 ? await files.describe(paths[0], signal) : undefined;
    const rejected = result.rejectedRows > 0 ? await files.describe(paths[1], signal) : undefined;
    const made = [accepted, rejected].filter((file) => file !== undefined);
    const claimTime = await unitOfWork.run(call, async (tx) => {
      await tx.blobs.claim(made.map(({ sha256 }) => sha256));
      return tx.now;
    });
    for (const file of made) await files.store(call.caller.workspace, file, signal);
    atStep('stored');
    return { result, accepted, rejected, claimTime, paths };
  } catch (error) {
    await files.discard(...paths);
    throw error;
  }
}

const rulesOf = ({ contract, eventTime, createdTime, fileColumns }: Source) => ({
  columns: contract.columns.map((column) => {
    const sourceColumn = fileColumns[column.name];
    return sourceColumn === undefined ? column : { ...column, sourceColumn };
  }),
  uniqueKey: contract.uniqueKey,
  eventTime,
  ...(createdTime === undefined ? {} : { createdTime }),
});

function toIngestion(
  { caller }: Call,
  { source, description }: IngestHeader,
  { sha256, bytes }: LocalFile,
  { source: { contract }, arrival }: Basis,
  { result, accepted, rejected }: SplitRows,
  id: string,
): Omit<Ingestion, 'createTime'> {
  return {
    id,
    source,
    sha256,
    bytes: BigInt(bytes),
    description,
    acceptedRows: BigInt(result.acceptedRows),
    quarantinedRows: BigInt(result.rejectedRows),
    breaches: result.rejections,
    firstArrival: arrival + 1n,
    eventTimes: result.eventTimes,
    contractId: contract.id,
    contractVersion: contract.version,
    accepted: accepted && { sha256: accepted.sha256, bytes: accepted.bytes },
    quarantine: rejected && { sha256: rejected.sha256, bytes: rejected.bytes },
    principal: caller.principal,
  };
}

interface Candidate {
  readonly header: IngestHeader;
  readonly upload: LocalFile;
  readonly basis: Basis;
  readonly split: SplitRows | undefined;
  readonly ingestion: Omit<Ingestion, 'createTime'> | undefined;
}

async function commit(tx: FeatureTransaction, candidate: Candidate, { limits }: FeatureDependencies): Promise<Answer> {
  const { header, upload, basis, split, ingestion } = candidate;
  await tx.lock();
  const twin = await tx.ingestions.byContent(header.source, upload.sha256);
  if (twin) return { id: twin.id, duplicate: true };
  if (!split || !ingestion || !(await isCurrent(tx, basis))) throw new OutdatedBasis();
  const stored = [split.accepted, split.rejected].flatMap((file) => file?.sha256 ?? []);
  // half of what the sweeper waits: clocks of two servers may differ, but not by that much
  const expired = tx.now - split.claimTime > BigInt(Math.floor(limits.unusedBlobMs / 2)) * 1000n;
  if (expired || !(await tx.blobs.hold(stored))) throw uploadExpired();
  const arrival = basis.arrival + ingestion.acceptedRows;
  await tx.ingestions.insert({ ...ingestion, createTime: tx.now });
  if (ingestion.eventTimes) {
    const former = await tx.sources.get(header.source);
    const { last } = ingestion.eventTimes;
    const lastEventTime = former && former.lastEventTime > last ? former.lastEventTime : last;
    const columns = former?.columns ?? basis.source.contract.columns.map(({ name }) => name); // later contracts only add to these
    await tx.sources.put({ source: header.source, arrival, lastEventTime, columns });
  }
  addFacts(tx, ingestion, arrival);
  return { id: ingestion.id, duplicate: false };
}

/** Whether the source and its newest row are still those that the engine worked with. */
async function isCurrent({ repositories, sources }: FeatureTransaction, { source, arrival }: Basis): Promise<boolean> {
  if (((await sources.get(source.name))?.arrival ?? 0n) !== arrival) return false;
  const applied = await repositories.get(await repositories.currentRevision());
  const now = applied?.repository.sources.find(({ name }) => name === source.name);
  return now !== undefined && canonicalJson(now) === canonicalJson(source);
}

function addFacts(tx: FeatureTransaction, ingestion: Omit<Ingestion, 'createTime'>, arrival: bigint): void {
  const { id: ingestionId, source, acceptedRows, quarantinedRows, contractId, contractVersion, principal } = ingestion;
  tx.events.add({ kind: 'rows-ingested', source, ingestionId, acceptedRows, quarantinedRows, arrival, principal });
  if (quarantinedRows > 0n) {
    const breaches = ingestion.breaches.map(({ column, rule, rows }) => `${column} ${rule} ${rows}`);
    const about = { source, ingestionId, contractId, contractVersion, quarantinedRows, breaches };
    tx.events.add({ kind: 'contract-violated', ...about });
  }
  const details = {
    ingestion: ingestionId,
    sha256: ingestion.sha256,
    accepted_rows: acceptedRows.toString(),
    quarantined_rows: quarantinedRows.toString(),
  };
  tx.audit.add({ action: 'features.rows.ingest', resource: `sources/${source}`, details });
}
