import { defineSettings } from '@slipway/platform';
import { z } from 'zod';
import { DEFAULT_LIMITS, type TrackingLimits } from '../domain/limits.ts';

const integer = z.coerce.number().int();

/** Settings of tracking; flat, so that a process that hosts several services can join them. */
export const trackingSettings = defineSettings({
  'tracking.artifact-bytes-max': {
    schema: integer.min(1).max(1024 ** 4),
    default: DEFAULT_LIMITS.artifactBytesMax,
    doc: 'Bytes of one file of a run.',
  },
  'tracking.uploads-max': {
    schema: integer.min(1).max(1_000),
    default: DEFAULT_LIMITS.uploadsMax,
    doc: 'Files of runs that are uploaded at once; a further one is told to come back.',
  },
  'tracking.multipart-keep-ms': {
    schema: integer.min(1_000).max(30 * 24 * 60 * 60_000),
    default: DEFAULT_LIMITS.multipartKeepMs,
    doc: 'Milliseconds that an upload in parts may take; what is left of it then is removed.',
  },
  'tracking.multipart-sweep-ms': {
    schema: integer.min(100).max(24 * 60 * 60_000),
    default: DEFAULT_LIMITS.multipartSweepMs,
    doc: 'Milliseconds between two looks for uploads in parts whose time is over.',
  },
  'tracking.removal-sweep-ms': {
    schema: integer.min(50).max(24 * 60 * 60_000),
    default: DEFAULT_LIMITS.removalSweepMs,
    doc: 'Milliseconds between two looks for files of what was removed for ever; they go at the second one.',
  },
  'tracking.deleted-retention-days': {
    schema: integer.min(0).max(36_500),
    default: DEFAULT_LIMITS.deletedRetentionDays,
    doc: 'Days that deleted experiments, runs and logged models are kept before they are removed for ever; 0 keeps them.',
  },
  'tracking.metric-batch-points-max': {
    schema: integer.min(1).max(100_000),
    default: DEFAULT_LIMITS.metricBatchPointsMax,
    doc: 'Metric points of streams that are stored in one transaction.',
  },
  'tracking.metric-linger-ms': {
    schema: integer.min(0).max(1_000),
    default: DEFAULT_LIMITS.metricLingerMs,
    doc: 'Milliseconds that metric points of streams wait for others to share a transaction.',
  },
  'tracking.metric-buffer-points-max': {
    schema: integer.min(1).max(10_000_000),
    default: DEFAULT_LIMITS.metricBufferPointsMax,
    doc: 'Metric points of all streams that wait in memory; past it streams are read no further.',
  },
});

/** @param get reads one setting, e.g. `(key) => config.get(key)`. */
export const readTrackingLimits = (get: (key: keyof typeof trackingSettings) => number): TrackingLimits =>
  Object.freeze({
    artifactBytesMax: get('tracking.artifact-bytes-max'),
    uploadsMax: get('tracking.uploads-max'),
    multipartKeepMs: get('tracking.multipart-keep-ms'),
    multipartSweepMs: get('tracking.multipart-sweep-ms'),
    removalSweepMs: get('tracking.removal-sweep-ms'),
    deletedRetentionDays: get('tracking.deleted-retention-days'),
    metricBatchPointsMax: get('tracking.metric-batch-points-max'),
    metricLingerMs: get('tracking.metric-linger-ms'),
    metricBufferPointsMax: get('tracking.metric-buffer-points-max'),
  });
