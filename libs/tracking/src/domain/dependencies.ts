import type { Random } from '@slipway/kernel';
import type { ArtifactFiles } from './artifact-files.ts';
import type { TrackingLimits } from './limits.ts';
import type { MetricWriter } from './metric-writer.ts';
import type { MultipartUploads, UploadParts } from './multipart.ts';
import type { Turnstile } from '@slipway/kernel';
import type { TrackingUnitOfWork } from './unit-of-work.ts';
import type { Workspaces } from './workspaces.ts';

/** What the use cases work with. */
export interface TrackingDependencies {
  readonly unitOfWork: TrackingUnitOfWork;
  readonly workspaces: Workspaces;
  readonly files: ArtifactFiles;
  readonly multipart: MultipartUploads;
  /** Contents of the parts of `multipart`. */
  readonly parts: UploadParts;
  /** Stores the points of streams. */
  readonly metrics: MetricWriter;
  readonly random: Random;
  readonly limits: TrackingLimits;
  /** Uploads at once. */
  readonly uploads: Turnstile;
}
