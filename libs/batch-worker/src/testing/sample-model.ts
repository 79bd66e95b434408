import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildModel,
  encodeEnvelope,
  generateKeyPair,
  inspectGraph,
  readSigningKey,
  signManifest,
  trustedKeyOf,
  verifyEnvelope,
  writeTrustedKey,
} from '@slipway/model-package';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { TensorSpec, TrainingColumn } from '@slipway/plugin-kit';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { ENVELOPE_FILE, packageFileName } from '../package-folder.ts';

/** What the sample model takes: seven numbers. */
export const SAMPLE_FEATURES: readonly string[] = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6'];

const TRAINING_ROWS = 2_000;

/** A logistic regression of seven numbers, as the built-in trainer exports it. */
export async function sampleGraph(seed = 7): Promise<Uint8Array> {
  const random = seededRandom(seed);
  const uniform = (): number => (random.bytes(1)[0] ?? 0) / 256 + (random.bytes(1)[0] ?? 0) / 65_536;
  const values = SAMPLE_FEATURES.map(() => Float64Array.from({ length: TRAINING_ROWS }, () => uniform() * 1000));
  const features = SAMPLE_FEATURES.map((name, index): TrainingColumn => ({ name, kind: 'numeric', values: values[index] ?? new Float64Array(0) })); // prettier-ignore
  const target = Float64Array.from({ length: TRAINING_ROWS }, (_, row) => ((values[0]?.[row] ?? 0) + uniform() * 800 > 900 ? 1 : 0)); // prettier-ignore
  const trainer = trainerLinearPlugin.create(trainerLinearPlugin.parseConfig({}), {
    clock: systemClock,
    ids: createIdSource(systemClock, random),
    log: silentLogger,
    dataDirectory: '.',
  });
  await trainer.open(new AbortController().signal);
  const table = { rows: TRAINING_ROWS, columns: [...features, { name: 'late', kind: 'numeric' as const, values: target }], id: 't' }; // prettier-ignore
  const job = { table, target: 'late', task: 'binary-classification' as const, features: SAMPLE_FEATURES, options: {}, seed: 1, onProgress: () => undefined }; // prettier-ignore
  return (await trainer.train(job, new AbortController().signal)).model;
}

/** A model that copies its inputs to outputs `out_<input>`; for inputs of any type. */
export const copyingGraph = (inputs: readonly TensorSpec[]): Uint8Array =>
  buildModel({
    producer: 'test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'copy',
      inputs,
      outputs: inputs.map((spec) => ({ ...spec, name: `out_${spec.name}` })),
      initializers: [],
      nodes: inputs.map(({ name }) => ({ op: 'Identity', inputs: [name], outputs: [`out_${name}`] })),
    },
  });

export interface SignedPackage {
  readonly workspace: string;
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  readonly envelopeJson: string;
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  /** PEM. */
  readonly trustedKeys: readonly string[];
  /** Writes it as a worker expects it. @returns the folder. */
  unpack(folder: string): string;
}

const signingKey = readSigningKey(generateKeyPair().privateKeyPem);

export function signPackage(
  graph: Uint8Array,
  features: readonly string[],
  version = 1,
  name = 'flights',
): SignedPackage {
  const envelope = signManifest(
    {
      formatVersion: 1,
      workspace: 'default',
      model: name,
      version,
      files: [{ path: 'model.onnx', bytes: graph.length, sha256: createHash('sha256').update(graph).digest('hex') }],
      graph: 'model.onnx',
      signature: inspectGraph(graph).signature,
      features: [...features],
      preprocessing: {},
      postprocessing: {},
      trainingSetId: '',
      runId: '',
      createdAt: '2001-04-01T00:00:00.000000Z',
    },
    signingKey,
  );
  const trusted = trustedKeyOf(signingKey);
  const envelopeJson = Buffer.from(encodeEnvelope(envelope)).toString('utf8');
  const files = [{ path: 'model.onnx', content: graph }];
  return {
    workspace: 'default',
    name,
    version,
    digest: verifyEnvelope(envelope, [trusted]).digest,
    envelopeJson,
    files,
    trustedKeys: [writeTrustedKey(trusted)],
    unpack: (folder) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, ENVELOPE_FILE), envelopeJson);
      for (const { path, content } of files) writeFileSync(join(folder, packageFileName(path)), content);
      return folder;
    },
  };
}
