import { createHash } from 'node:crypto';
import {
  buildModel,
  encodeEnvelope,
  inspectGraph,
  packageDigest,
  signManifest,
  type PackageManifest,
  type SigningKey,
} from '@slipway/model-package';

/** A graph whose answer names its version: `y` = `x` + version, FP32 of any length. */
export const constantModel = (version: number): Uint8Array =>
  buildModel({
    producer: 'slipway-test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: `plus-${version}`,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
      initializers: [{ name: 'c', datatype: 'FP32', shape: [1], data: Float32Array.of(version) }],
      nodes: [{ op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }],
    },
  });

export interface TestPackage {
  readonly digest: string;
  readonly envelopeJson: string;
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A signed package of one graph and, so that there are two files, a note. */
export function signedPackage(
  identity: { readonly workspace: string; readonly model: string; readonly version: number },
  graph: Uint8Array,
  key: SigningKey,
  changes: Partial<PackageManifest> = {},
): TestPackage {
  const note = Buffer.from(`version ${identity.version}`);
  const files = [
    { path: 'notes/about.txt', bytes: note },
    { path: 'model.onnx', bytes: graph },
  ];
  const manifest: PackageManifest = {
    formatVersion: 1,
    ...identity,
    files: files.map(({ path, bytes }) => ({ path, bytes: bytes.length, sha256: sha256(bytes) })),
    graph: 'model.onnx',
    signature: changes.signature ?? inspectGraph(graph).signature,
    features: [],
    preprocessing: {},
    postprocessing: {},
    trainingSetId: '',
    runId: '',
    createdAt: '2001-04-01T00:00:00.000000Z',
    ...changes,
  };
  const envelopeJson = Buffer.from(encodeEnvelope(signManifest(manifest, key))).toString('utf8');
  return { digest: packageDigest(manifest), envelopeJson, files };
}
