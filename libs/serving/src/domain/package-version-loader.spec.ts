import { createHash } from 'node:crypto';
import { silentLogger, UnavailableError } from '@slipway/kernel';
import {
  buildModel,
  encodeEnvelope,
  generateKeyPair,
  inspectGraph,
  packageDigest,
  readSigningKey,
  signManifest,
  trustedKeyOf,
  type PackageManifest,
} from '@slipway/model-package';
import type { ModelRuntime, Tensor } from '@slipway/plugin-kit';
import { expect, it } from 'vitest';
import { PackageVersionLoader } from './package-version-loader.ts';
import type { OpenPackage, PackageLibrary, VersionRef } from './ports.ts';

const signal = new AbortController().signal;
const spec = { datatype: 'FP32', shape: [-1, 1] } as const;
const graph = buildModel({
  producer: 'test',
  opsets: [{ domain: '', version: 17 }],
  graph: {
    name: 'g',
    inputs: [{ name: 'x', ...spec }],
    outputs: [{ name: 'y', ...spec }],
    nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
  },
});
const sha256 = createHash('sha256').update(graph).digest('hex');
const manifest: PackageManifest = {
  formatVersion: 1,
  workspace: 'default',
  model: 'flights',
  version: 1,
  files: [{ path: 'model.onnx', bytes: graph.length, sha256 }],
  graph: 'model.onnx',
  signature: inspectGraph(graph).signature,
  features: [],
  preprocessing: {},
  postprocessing: {},
  trainingSetId: '',
  runId: '',
  createdAt: '2001-04-01T00:00:00.000000Z',
};
const signingKey = readSigningKey(generateKeyPair().privateKeyPem);
const ref: VersionRef = { workspace: 'default', model: 'flights', version: 1n, digest: packageDigest(manifest) };
const opened = (content: Uint8Array, fromCache: boolean): OpenPackage => ({
  envelope: encodeEnvelope(signManifest(manifest, signingKey)),
  fromCache,
  readFile: () => Promise.resolve(content),
});
const damaged = graph.map((byte, index) => (index === 9 ? byte ^ 1 : byte));

/** @param kept what the cache has; without it each opening fetches `fetched`. */
function make({ kept, fetched = graph, failure }: { kept?: Uint8Array; fetched?: Uint8Array; failure?: Error } = {}) {
  const told = { fetches: 0, runs: 0, closes: 0 };
  let cached = kept;
  const packages: PackageLibrary = {
    open: () => {
      if (cached) return Promise.resolve(opened(cached, true));
      told.fetches += 1;
      cached = fetched;
      return Promise.resolve(opened(fetched, false));
    },
    evict: () => {
      cached = undefined;
      return Promise.resolve();
    },
  };
  const runtime: ModelRuntime = {
    formats: ['onnx'],
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    load: () =>
      Promise.resolve({
        signature: manifest.signature,
        run: (inputs: readonly Tensor[]) => {
          told.runs += 1;
          return failure ? Promise.reject(failure) : Promise.resolve(inputs);
        },
        close: () => Promise.resolve(void (told.closes += 1)),
      }),
  };
  const trustedKeys = [trustedKeyOf(signingKey)];
  const loader = new PackageVersionLoader({ packages, trustedKeys, runtime, log: silentLogger });
  return { told, loader, isKept: () => cached !== undefined };
}

it('hands out a version that was called once', async () => {
  const { told, loader } = make();
  await loader.load(ref, signal);
  expect(told).toEqual({ fetches: 1, runs: 1, closes: 0 });
});

it('hands out no version whose first call fails, and closes it', async () => {
  const { told, loader } = make({ failure: new UnavailableError('out of memory') });
  await expect(loader.load(ref, signal)).rejects.toThrow('out of memory');
  expect(told).toEqual({ fetches: 1, runs: 1, closes: 1 });
});

it('throws a damaged copy away and fetches it once more', async () => {
  const { told, loader } = make({ kept: damaged });
  await loader.load(ref, signal);
  expect(told).toMatchObject({ fetches: 1, closes: 0 });
});

it('keeps no damaged download, and does not serve it', async () => {
  const { told, loader, isKept } = make({ fetched: damaged });
  await expect(loader.load(ref, signal)).rejects.toMatchObject({ reason: 'FILE_DIGEST_MISMATCH' });
  expect(told).toMatchObject({ fetches: 1, runs: 0 });
  expect(isKept()).toBe(false);
});
