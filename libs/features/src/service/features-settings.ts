import { defineSettings } from '@slipway/platform';
import { z } from 'zod';
import { DEFAULT_LIMITS, type FeatureLimits } from '../domain/limits.ts';

const bytes = z.coerce
  .number()
  .int()
  .min(1)
  .max(1024 ** 4);
const duration = z.coerce.number().int();

/** Settings of the feature store; flat, so that a process that hosts several services can join them. */
export const featuresSettings = defineSettings({
  'features.upload-bytes-max': {
    schema: bytes,
    default: DEFAULT_LIMITS.uploadBytesMax,
    doc: 'Bytes of one uploaded file of rows.',
  },
  'features.uploads-max': {
    schema: z.coerce.number().int().min(1).max(1000),
    default: DEFAULT_LIMITS.uploadsMax,
    doc: 'Files that are uploaded at once; a further one is told to come back.',
  },
  'features.upload-idle-ms': {
    schema: duration.min(100).max(3_600_000),
    default: DEFAULT_LIMITS.uploadIdleMs,
    doc: 'Milliseconds of silence after which an upload is given up.',
  },
  'features.cache-bytes-max': {
    schema: bytes,
    default: DEFAULT_LIMITS.cacheBytesMax,
    doc: 'Bytes of copies of stored files that are kept in the data directory for the engine; one job may need more for its time.',
  },
  'features.repository-refresh-ms': {
    schema: duration.min(0).max(60_000),
    default: DEFAULT_LIMITS.repositoryRefreshMs,
    doc: 'Milliseconds that online reads may go on with a repository after another process applied the next one.',
  },
  'features.unused-blob-ms': {
    schema: duration.min(60_000).max(365 * 24 * 3_600_000),
    default: DEFAULT_LIMITS.unusedBlobMs,
    doc: 'Milliseconds that a stored file is kept although nothing names it; an upload may take half of it.',
  },
  'features.sweep-every-ms': {
    schema: duration.min(1000).max(7 * 24 * 3_600_000),
    default: DEFAULT_LIMITS.sweepEveryMs,
    doc: 'Milliseconds between two searches for stored files that nothing names.',
  },
  'features.retired-predictions-ms': {
    schema: duration.min(120_000).max(24 * 3_600_000), // readers find a version at most a minute after it was retired
    default: DEFAULT_LIMITS.retiredPredictionsMs,
    doc: 'Milliseconds that stored predictions are kept after a later load has taken their place, for who is just reading them.',
  },
  'features.reap-every-ms': {
    schema: duration.min(1000).max(24 * 3_600_000),
    default: DEFAULT_LIMITS.reapEveryMs,
    doc: 'Milliseconds between two searches for stored predictions that are not served any more.',
  },
});

/** @param get reads one setting, e.g. `(key) => config.get(key)`. */
export const readFeatureLimits = (get: (key: keyof typeof featuresSettings) => number): FeatureLimits =>
  Object.freeze({
    uploadBytesMax: get('features.upload-bytes-max'),
    uploadsMax: get('features.uploads-max'),
    uploadIdleMs: get('features.upload-idle-ms'),
    cacheBytesMax: get('features.cache-bytes-max'),
    repositoryRefreshMs: get('features.repository-refresh-ms'),
    unusedBlobMs: get('features.unused-blob-ms'),
    sweepEveryMs: get('features.sweep-every-ms'),
    retiredPredictionsMs: get('features.retired-predictions-ms'),
    reapEveryMs: get('features.reap-every-ms'),
  });
