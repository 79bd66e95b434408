import { composeSettings, defineSettings } from '@slipway/platform';
import { z } from 'zod';
import { webhookSettings } from './webhooks/webhook-settings.ts';
import { DEFAULT_LIMITS, type RegistryLimits } from '../domain/limits.ts';

const bytes = z.coerce
  .number()
  .int()
  .min(1)
  .max(1024 ** 4);
const duration = z.coerce.number().int();

const ownSettings = defineSettings({
  'registry.signing-key-file': {
    schema: z.string().min(1).optional(),
    doc: 'PEM file (PKCS #8, Ed25519) of the key that signs packages. Left out: one is made in the data directory on the first start.',
  },
  'registry.package-bytes-max': {
    schema: bytes,
    default: DEFAULT_LIMITS.packageBytesMax,
    doc: 'Bytes of all files of one package together.',
  },
  'registry.graph-bytes-max': {
    schema: bytes.max(1024 ** 3),
    default: DEFAULT_LIMITS.graphBytesMax,
    doc: 'Bytes of the ONNX file of a package, which is read into memory to be checked; at most 1 GiB.',
  },
  'registry.uploads-max': {
    schema: z.coerce.number().int().min(1).max(1000),
    default: DEFAULT_LIMITS.uploadsMax,
    doc: 'Packages that are uploaded at once; a further one is told to come back.',
  },
  'registry.upload-idle-ms': {
    schema: duration.min(100).max(3_600_000),
    default: DEFAULT_LIMITS.uploadIdleMs,
    doc: 'Milliseconds of silence after which an upload is given up.',
  },
  'registry.unused-blob-ms': {
    schema: duration.min(60_000).max(365 * 24 * 3_600_000),
    default: DEFAULT_LIMITS.unusedBlobMs,
    doc: 'Milliseconds that a stored file is kept although no version names it; an upload may take half of it.',
  },
  'registry.sweep-every-ms': {
    schema: duration.min(1000).max(7 * 24 * 3_600_000),
    default: DEFAULT_LIMITS.sweepEveryMs,
    doc: 'Milliseconds between two searches for stored files that no version names.',
  },
  'registry.approvals-required': {
    schema: z.coerce.number().int().min(0).max(10),
    default: DEFAULT_LIMITS.approvalsRequired,
    doc: 'Approvals, by others than its creator, that a version needs for an alias without a policy of its own.',
  },
});

/** Settings of the registry; flat, so that a process that hosts several services can join them. */
export const registrySettings = composeSettings(ownSettings, webhookSettings);

type LimitKey = Exclude<keyof typeof ownSettings, 'registry.signing-key-file'>;

/** @param get reads one setting, e.g. `(key) => config.get(key)`. */
export const readRegistryLimits = (get: (key: LimitKey) => number): RegistryLimits =>
  Object.freeze({
    packageBytesMax: get('registry.package-bytes-max'),
    graphBytesMax: get('registry.graph-bytes-max'),
    uploadsMax: get('registry.uploads-max'),
    uploadIdleMs: get('registry.upload-idle-ms'),
    unusedBlobMs: get('registry.unused-blob-ms'),
    sweepEveryMs: get('registry.sweep-every-ms'),
    approvalsRequired: get('registry.approvals-required'),
  });
