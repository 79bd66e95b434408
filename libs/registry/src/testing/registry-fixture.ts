import { createIdSource, seededRandom, type Caller, type Clock } from '@slipway/kernel';
import { generateKeyPair, readSigningKey } from '@slipway/model-package';
import type { Gate } from '@slipway/plugin-kit';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { metricGate } from '../domain/gates/metric-gate.ts';
import { DEFAULT_LIMITS, type RegistryLimits } from '../domain/limits.ts';
import type { SourceFiles } from '../domain/source/source-files.ts';
import type { VersionView } from '../domain/lookup.ts';
import type { Call, RegistryUnitOfWork } from '../domain/unit-of-work.ts';
import { Turnstile } from '@slipway/kernel';
import { createModelVersion } from '../domain/use-cases/create-model-version.ts';
import { createRegisteredModel } from '../domain/use-cases/create-registered-model.ts';
import { createPackageStore } from '../store/artifact-package-store.ts';
import { InMemoryArtifactStore } from './in-memory-artifact-store.ts';
import { headerOf, partsOf, sampleGraph, streamOf } from './sample-package.ts';
import type { UploadHeader } from '../domain/upload/package-header.ts';

export const callerOf = (principal: string, workspace = 'default', allWorkspaces = false): Caller => ({
  principal,
  workspace,
  allWorkspaces,
  permissions: new Set(['*']),
});

export const callBy = (principal: string, workspace = 'default'): Call => ({
  caller: callerOf(principal, workspace),
  requestId: `call-of-${principal}`,
});

/** Keys are costly to make and none of the tests is about a certain one. */
const SIGNING_KEY = readSigningKey(generateKeyPair().privateKeyPem);

/** The use cases on a state, with artifacts in memory. */
export interface RegistryFixture extends RegistryDependencies {
  readonly artifacts: InMemoryArtifactStore;
}

export function registryFixture(
  unitOfWork: RegistryUnitOfWork,
  clock: Clock,
  {
    limits = {},
    gates = {},
    seed = 1,
    sources,
  }: {
    limits?: Partial<RegistryLimits>;
    gates?: Readonly<Record<string, Gate>>;
    seed?: number;
    sources?: SourceFiles;
  } = {},
): RegistryFixture {
  const artifacts = new InMemoryArtifactStore(clock);
  const all = { ...DEFAULT_LIMITS, approvalsRequired: 1, ...limits }; // the stricter rule
  return {
    unitOfWork,
    artifacts,
    packages: createPackageStore(artifacts),
    sources,
    gates: new Map([['metric', metricGate], ...Object.entries(gates)]),
    signingKey: SIGNING_KEY,
    clock,
    ids: createIdSource(clock, seededRandom(seed)),
    limits: all,
    uploads: new Turnstile(all.uploadsMax),
    inspections: new Turnstile(1),
  };
}

export const newModel = (deps: RegistryDependencies, call: Call, name: string) =>
  createRegisteredModel(call, { name, description: '', tags: {}, requestId: '' }, deps);

/** Uploads the sample graph as the next version. */
export function newVersion(
  deps: RegistryDependencies,
  call: Call,
  model: string,
  { bias = 1, ...more }: Partial<UploadHeader> & { bias?: number } = {},
): Promise<VersionView> {
  const contents = { 'model.onnx': sampleGraph(bias) };
  const parts = partsOf(headerOf(model, contents, more), contents);
  return createModelVersion(call, streamOf(parts), deps, AbortSignal.timeout(60_000));
}
