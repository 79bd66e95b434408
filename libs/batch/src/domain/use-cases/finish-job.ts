import { DomainError } from '@slipway/kernel';
import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import type { Manifest } from '../manifest.ts';
import type { ScoringJob } from '../scoring-job.ts';
import type { Call } from '../unit-of-work.ts';
import { changeJob } from './change-job.ts';
import { columnsNamed } from './plan-job.ts';
import { readManifest } from './publish-job.ts';
import { repeatCall } from './repeat-call.ts';

/** From PUBLISHED to DONE: what follows from the manifest, each step so that a repeat changes nothing. */
export async function finishJob(
  call: Call,
  job: ScoringJob,
  deps: BatchDependencies,
  handle: WorkHandle,
): Promise<ScoringJob> {
  const { workspace } = call.caller;
  const { features, clock } = deps;
  const outgoing = { workspace, signal: handle.signal };
  const { manifest } = await readManifest(job, deps, handle.signal);
  await repeatCall(clock, handle.signal, () => features.commit(manifest.scoring_set, job.manifestUri, outgoing));
  deps.atStep('committed');
  const request = loadRequest(job, manifest);
  if (request) await repeatCall(clock, handle.signal, () => features.load(request, outgoing));
  deps.atStep('loaded');
  const done = await changeJob(call, job, deps, (now, tx) => ({ ...now, state: 'done', endTime: tx.now }));
  deps.atStep('done');
  await sweep(workspace, done, manifest, deps, handle);
  return done;
}

function loadRequest(job: ScoringJob, manifest: Manifest) {
  const { online } = job.plan;
  if (!online || manifest.files.length === 0) return undefined;
  return {
    table: online.table,
    manifestUri: job.manifestUri,
    files: manifest.files,
    keys: columnsNamed(online.keys, manifest.columns),
    outputs: manifest.outputs,
    timeColumn: job.model.timeColumn,
    fallback: online.fallback === 'mean' ? manifest.means : {},
    requestId: `batch-load-${job.id}`,
  };
}

/** Removes what attempts have left that did not count; nobody reads it, so a failure is only noted. */
async function sweep(
  workspace: string,
  job: ScoringJob,
  manifest: Manifest,
  { files, log }: BatchDependencies,
  { signal }: WorkHandle,
): Promise<void> {
  const keep = new Set([...manifest.files, ...manifest.error_files].map(({ uri }) => uri));
  try {
    await files.sweep(workspace, job.id, keep, signal);
  } catch (error) {
    if (!(error instanceof DomainError) && !signal.aborted) throw error;
    log.warn({ error, job: job.id }, 'files that attempts left behind were not removed');
  }
}
