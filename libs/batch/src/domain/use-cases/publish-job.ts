import { createHash } from 'node:crypto';
import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import { outputLost, publishedByOther, tooManyFailedRows } from '../errors.ts';
import { decodeManifest, encodeManifest, manifestOf, type Manifest, type OutputDigest } from '../manifest.ts';
import { OutputDigester } from '../output-digest.ts';
import type { Partition } from '../partition.ts';
import type { ManifestPlace } from '../ports.ts';
import { failedRowsMax, rowsOf, type ScoringJob } from '../scoring-job.ts';
import type { Call } from '../unit-of-work.ts';
import { changeJob } from './change-job.ts';
import { columnsNamed } from './plan-job.ts';
import { repeatCall } from './repeat-call.ts';

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

/** Place of the manifest of a job with rows. */
export const manifestPlace = ({ plan, rows }: ScoringJob, workspace: string): ManifestPlace => ({
  workspace,
  consumer: plan.consumer,
  source: plan.source,
  fromExclusive: rows?.fromExclusive ?? 0n,
});

/**
 * From SCORING to PUBLISHED, once all partitions are done. The manifest is the commit point: whoever writes it first has published the rows from
 * this position on; a job that finds its own goes on, one that finds another's fails.
 */
export async function publishJob(
  call: Call,
  job: ScoringJob,
  deps: BatchDependencies,
  handle: WorkHandle,
): Promise<ScoringJob> {
  const { workspace } = call.caller;
  const max = failedRowsMax(job);
  if (job.failedRows > max) throw tooManyFailedRows(job.failedRows, rowsOf(job), max);
  const partitions = await deps.unitOfWork.read(call.caller, (reads) => reads.partitions.all(job.id));
  const digest = await digestOutputs(job, partitions, deps, handle.signal);
  deps.atStep('hashed');
  const columns = columnsNamed(job.plan.passthrough, job.rows?.columns ?? []);
  const content = encodeManifest(manifestOf(workspace, job, partitions, columns, digest));
  const place = manifestPlace(job, workspace);
  const uri = deps.files.manifestUri(place);
  const found = await repeatCall(deps.clock, handle.signal, () => deps.files.publish(place, content, handle.signal));
  assertOurs(job, uri, content, found);
  deps.atStep('manifest-written');
  const manifestSha256 = createHash('sha256').update(content).digest('hex');
  const published = await changeJob(call, job, deps, (now) => ({
    ...now,
    state: 'published',
    phase: 'published',
    manifestUri: uri,
    manifestSha256,
    outputSha256: digest.sha256,
  }));
  deps.atStep('published');
  return published;
}

function assertOurs(job: ScoringJob, uri: string, ours: Uint8Array, found: Uint8Array): void {
  if (sameBytes(ours, found)) return;
  const other = decodeManifest(found);
  if (other && other.job !== job.id) throw publishedByOther(other.job, uri);
  throw outputLost(uri, other ? 'is a manifest of this job with another content' : 'is no manifest');
}

async function digestOutputs(
  { model }: ScoringJob,
  partitions: readonly Partition[],
  { files }: BatchDependencies,
  signal: AbortSignal,
): Promise<OutputDigest> {
  const digester = new OutputDigester(model.outputs);
  for (const { result } of partitions) {
    if (!result?.values) continue;
    for await (const chunk of files.read(result.values, signal)) digester.add(chunk);
  }
  return digester.end();
}

/** The manifest of a job that has published, as it is stored. @throws {DataLossError} OUTPUT_LOST. */
export async function readManifest(
  job: ScoringJob,
  { files }: Pick<BatchDependencies, 'files'>,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly content: Uint8Array }> {
  const file = { uri: job.manifestUri, sha256: job.manifestSha256, bytes: Number.POSITIVE_INFINITY };
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(file, signal)) chunks.push(chunk);
  const content = Buffer.concat(chunks);
  const manifest = decodeManifest(content);
  if (!manifest) throw outputLost(job.manifestUri, 'is no manifest');
  return { manifest, content };
}
