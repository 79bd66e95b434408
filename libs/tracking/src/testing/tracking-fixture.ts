import { seededRandom, type Clock } from '@slipway/kernel';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { DEFAULT_LIMITS, type TrackingLimits } from '../domain/limits.ts';
import { MetricWriter } from '../domain/metric-writer.ts';
import type { MetricPoint } from '../domain/metric.ts';
import type { ArtifactFiles } from '../domain/artifact-files.ts';
import type { MultipartUploads, UploadParts } from '../domain/multipart.ts';
import type { RunView } from '../domain/run.ts';
import { Turnstile } from '@slipway/kernel';
import type { Call, TrackingUnitOfWork } from '../domain/unit-of-work.ts';
import { createRun, type CreateRun } from '../domain/use-cases/create-run.ts';
import { Workspaces } from '../domain/workspaces.ts';

const noFiles = (): never => {
  throw new Error('this fixture has no files');
};
const NO_FILES: ArtifactFiles = { checkPath: noFiles, write: noFiles, open: noFiles, list: noFiles, delete: noFiles };
const NO_MULTIPART: MultipartUploads = {
  create: noFiles,
  find: noFiles,
  close: noFiles,
  expired: noFiles,
  forget: noFiles,
};
const NO_PARTS: UploadParts = { write: noFiles, list: noFiles, join: noFiles, remove: noFiles };

/** The use cases on a state, without files. */
export function trackingFixture(
  unitOfWork: TrackingUnitOfWork,
  clock: Clock,
  limits: Partial<TrackingLimits> = {},
): TrackingDependencies {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return {
    unitOfWork,
    workspaces: new Workspaces(unitOfWork),
    files: NO_FILES,
    multipart: NO_MULTIPART,
    parts: NO_PARTS,
    metrics: new MetricWriter(unitOfWork, clock, all),
    random: seededRandom(5),
    limits: all,
    uploads: new Turnstile(all.uploadsMax),
  };
}

/** A run of the experiment `Default` that begins now. */
export const newRun = (deps: TrackingDependencies, call: Call, more: Partial<CreateRun> = {}): Promise<RunView> =>
  createRun(
    call,
    { experimentId: 0n, name: '', userId: '', startTime: undefined, tags: {}, requestId: '', ...more },
    deps,
  );

export const point = (
  key: string,
  value: number,
  step: bigint | number = 0,
  timestamp: bigint | number = 1,
): MetricPoint => ({
  key,
  value,
  step: BigInt(step),
  timestamp: BigInt(timestamp),
});

export async function* streamOf<Item>(items: Iterable<Item>): AsyncGenerator<Item, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}
