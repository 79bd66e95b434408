import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import {
  registryService,
  type CreateModelVersionRequest,
  type RegistryService,
} from '@slipway/contracts/slipway.registry.v1';
import { featureStoreService, type FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import { predictionService, type PredictionService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService, type TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import {
  SERVICE_TOKEN,
  servingSettings,
  startNats,
  startSlipway,
  withTokens,
  type NatsServer,
  type SlipwayProcess,
} from '@slipway/testing';
import { onnxModel, FLOAT, valueInfo } from '../bad-input/onnx-bytes.ts';
import { sha256 } from '../bad-input/slipway-under-test.ts';

const HOLDERS = { alice: { roles: ['editor'] }, bob: { roles: ['approver'] }, service: SERVICE_TOKEN } as const;

/** Broker and services in processes of their own; metadata and packages in files. */
export interface Installation {
  readonly nats: NatsServer;
  readonly registry: SlipwayProcess<keyof typeof HOLDERS>;
  readonly serving: SlipwayProcess<'alice'>;
  readonly alice: Client<RegistryService>;
  readonly bob: Client<RegistryService>;
  readonly runs: Client<TrackingService>;
  readonly features: Client<FeatureStoreService>;
  readonly predictions: Client<PredictionService>;
  stop(): Promise<void>;
}

export async function startInstallation(): Promise<Installation> {
  const nats = await startNats();
  const bus = { 'event-bus.driver': 'nats', 'event-bus.nats.servers': nats.url };
  const registry = await startSlipway<keyof typeof HOLDERS>({
    app: 'registry',
    tokens: HOLDERS,
    settings: { ...bus, 'artifact-store.driver': 'local' },
  });
  const features = await startSlipway<'alice' | 'service'>({
    app: 'feature-store',
    tokens: withTokens<'alice' | 'service'>({ alice: HOLDERS.alice, service: SERVICE_TOKEN }, registry.tokens),
    settings: { ...bus, 'artifact-store.driver': 'local' },
  });
  const upstream = { 'features.address': features.grpcAddress, 'features.token': registry.tokens.service };
  const serving = await startSlipway<'alice'>({
    app: 'serving',
    tokens: withTokens<'alice'>({ alice: HOLDERS.alice }, registry.tokens),
    settings: { ...bus, ...servingSettings(registry), ...upstream },
  });
  const tracking = await startSlipway<'alice'>({
    app: 'tracking',
    tokens: { alice: HOLDERS.alice },
    settings: { ...bus, 'artifact-store.driver': 'local' },
  });
  const toTracking = grpcTransport({ address: tracking.grpcAddress, token: () => tracking.tokens.alice });
  const toFeatures = grpcTransport({ address: features.grpcAddress, token: () => features.tokens.alice });
  const toServing = grpcTransport({ address: serving.inferenceAddress, token: () => serving.tokens.alice });
  const transports = (['alice', 'bob'] as const).map((name) =>
    grpcTransport({ address: registry.grpcAddress, token: () => registry.tokens[name] }),
  );
  const [alice, bob] = transports.map((transport) => createClient(registryService, transport)) as [
    Client<RegistryService>,
    Client<RegistryService>,
  ];
  const stop = async (): Promise<void> => {
    for (const transport of [...transports, toTracking, toFeatures, toServing]) await transport.close();
    for (const each of [tracking, serving, features, registry, nats]) await each.stop();
  };
  return {
    nats,
    registry,
    serving,
    alice,
    bob,
    runs: createClient(trackingService, toTracking),
    features: createClient(featureStoreService, toFeatures),
    predictions: createClient(predictionService, toServing),
    stop,
  };
}

/** The next version of a model; each seed gives another graph. @param features of its only input `x`, which then has one value per row. */
export async function uploadVersion(
  registry: Client<RegistryService>,
  model: string,
  seed: number,
  features: readonly string[] = [],
): Promise<Buffer> {
  const width = features.length > 0 ? 1 : 2;
  const bytes = onnxModel({ name: `g${seed}`, input: [valueInfo('x', FLOAT, ['n', width])] });
  async function* parts(): AsyncIterable<CreateModelVersionRequest> {
    const files = [{ path: 'model.onnx', bytes: String(bytes.length), sha256: sha256(bytes) }];
    yield { header: { model, files, graph: 'model.onnx', features: [...features] } };
    yield { chunk: bytes };
    yield { file_end: true };
    await Promise.resolve();
  }
  await registry.createModelVersion(parts());
  return bytes;
}

/** Turns one bit of every stored file that holds these bytes. @returns how many files there were. */
export function tamperWith(directory: string, bytes: Buffer): number {
  let files = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const at = content.indexOf(bytes);
    if (at < 0) continue;
    content[at + bytes.length - 1] = (content[at + bytes.length - 1] ?? 0) ^ 1;
    writeFileSync(path, content);
    files += 1;
  }
  return files;
}
