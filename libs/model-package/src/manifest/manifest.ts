import { artifactPath, DATATYPES, type ModelSignature } from '@slipway/plugin-kit';
import {
  InvalidArgumentError,
  MODEL_NAME_PATTERN,
  parseMicros,
  SHA256_PATTERN,
  WORKSPACE_PATTERN,
  type JsonValue,
} from '@slipway/kernel';
import { z } from 'zod';

/** One file of a package. */
export interface PackageFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * Everything a model version is. It names workspace, model and version, so that a package signed for one cannot be put in the place of another.
 */
export interface PackageManifest {
  readonly formatVersion: 1;
  readonly workspace: string;
  readonly model: string;
  readonly version: number;
  /** 1 to 64; paths differ also when case is ignored, since some stores do. */
  readonly files: readonly PackageFile[];
  /** Path of the ONNX file among `files`; empty for a package that cannot be served, which has no inputs and outputs then. */
  readonly graph: string;
  /** What the graph says; compared with it when the package is loaded. */
  readonly signature: ModelSignature;
  /** Features the model needs, `view:feature`, in the order of the inputs that take them; empty when callers send all inputs. */
  readonly features: readonly string[];
  /** What happens to features before the inputs, when the graph does not do it itself. Free form, may be empty. */
  readonly preprocessing: JsonObject;
  /** What the outputs mean, e.g. `{"outputs": {"probability": {"meaning": "probability", "positiveClass": "late"}}}`. Free form, may be empty. */
  readonly postprocessing: JsonObject;
  /** Content hash of the training set; empty for a model that was made elsewhere. */
  readonly trainingSetId: string;
  /** Tracking run that made it; empty when there is none. */
  readonly runId: string;
  /** ISO 8601, UTC, six digits of microseconds. */
  readonly createdAt: string;
}

/** Where a package keeps its envelope, beside its files. */
export const ENVELOPE_PATH = 'package.dsse.json';
export const PACKAGE_FILES_MAX = 64;
const JSON_DEPTH_MAX = 16;

const isArtifactPath = (path: string): boolean => {
  try {
    return artifactPath(path) === path;
  } catch {
    return false; // the message below says it for all of them
  }
};
const path = z
  .string()
  .refine(isArtifactPath, 'must be a relative path of plain segments, without `..`')
  .refine((value) => value.toLowerCase() !== ENVELOPE_PATH, 'is where the envelope itself is kept');
const tensorSpec = z.strictObject({
  name: z.string().min(1).max(256),
  datatype: z.enum(DATATYPES),
  shape: z.array(z.int().min(-1)).max(32),
});

const isTime = (text: string): boolean => {
  try {
    return text.length === 27 && parseMicros(text) !== undefined;
  } catch {
    return false; // the message below says it for all of them
  }
};

/** The prototype's own keys would vanish or change meaning in a plain object. */
const isPlainJson = (value: unknown, depth: number): boolean => {
  if (depth > JSON_DEPTH_MAX) return false;
  if (Array.isArray(value)) return value.every((entry) => isPlainJson(entry, depth + 1));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).every(([key, entry]) => key !== '__proto__' && isPlainJson(entry, depth + 1));
  }
  return value === null || ['boolean', 'string'].includes(typeof value) || Number.isFinite(value);
};
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && isPlainJson(value, 1),
  `must be a JSON object, at most ${JSON_DEPTH_MAX} deep`,
);

const manifestSchema = z
  .strictObject({
    formatVersion: z.literal(1),
    workspace: z.string().regex(WORKSPACE_PATTERN, 'must be a workspace name'),
    model: z
      .string()
      .regex(MODEL_NAME_PATTERN, 'must be a model name')
      .refine((name) => name.isWellFormed() && name.normalize('NFC') === name, 'must be in Unicode normal form C'),
    version: z.int().min(1),
    files: z
      .array(
        z.strictObject({
          path,
          bytes: z.int().min(0),
          sha256: z.string().regex(SHA256_PATTERN, 'must be lower-case hex of 32 bytes'),
        }),
      )
      .min(1)
      .max(PACKAGE_FILES_MAX),
    graph: z.string(),
    signature: z.strictObject({
      inputs: z.array(tensorSpec).max(4096),
      outputs: z.array(tensorSpec).max(4096),
    }),
    features: z.array(z.string().min(1).max(512)).max(4096),
    preprocessing: jsonObject,
    postprocessing: jsonObject,
    trainingSetId: z.string().max(256),
    runId: z.string().max(256),
    createdAt: z.string().refine(isTime, 'must be like 2001-04-01T00:00:00.000000Z'),
  })
  .superRefine(({ files, graph, signature }, context) => {
    const seen = new Map<string, string>();
    for (const [index, file] of files.entries()) {
      const folded = file.path.toLowerCase();
      const other = seen.get(folded);
      if (other !== undefined) {
        context.addIssue({ code: 'custom', path: ['files', index, 'path'], message: `is the same as '${other}'` });
      }
      seen.set(folded, file.path);
    }
    if (graph === '') {
      if (signature.inputs.length + signature.outputs.length === 0) return;
      context.addIssue({ code: 'custom', path: ['signature'], message: 'must be empty where there is no graph' });
    } else if (signature.outputs.length === 0) {
      context.addIssue({ code: 'custom', path: ['signature', 'outputs'], message: 'must not be empty' });
    }
    if (graph !== '' && !files.some((file) => file.path === graph)) {
      context.addIssue({ code: 'custom', path: ['graph'], message: 'must be the path of one of the files' });
    }
  });

const fieldOf = (segments: readonly PropertyKey[]): string =>
  segments.reduce<string>((field, segment) => {
    if (typeof segment === 'number') return `${field}[${segment}]`;
    return field === '' ? String(segment) : `${field}.${String(segment)}`;
  }, '') || 'manifest';

/** Checks a manifest from anywhere. @throws {InvalidArgumentError} reason MANIFEST_INVALID, all violations by field; unknown fields are one. */
export function parseManifest(raw: unknown): PackageManifest {
  const parsed = manifestSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    parsed.error.issues.map((issue) => ({ field: fieldOf(issue.path), description: issue.message })),
    { reason: 'MANIFEST_INVALID' },
  );
}
