import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import {
  batchService,
  pipelineService,
  type BatchService,
  type PipelineService,
} from '@slipway/contracts/slipway.batch.v1';
import { featureStoreService, type FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { CreateModelVersionRequest, RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { PredictionService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService, type TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { startNats, startSlipway, type NatsServer, type SlipwayProcess } from '@slipway/testing';
import { FLOAT, onnxModel, valueInfo } from '../bad-input/onnx-bytes.ts';
import { sha256 } from '../bad-input/slipway-under-test.ts';
import { Story, STORY_SETTINGS } from '../story/story.ts';

const HOLDERS = { alice: { roles: ['editor'] }, bob: { roles: ['approver'] } } as const;

/** A broker, and one process with all services that tells everything to it. */
export interface Installation {
  readonly nats: NatsServer;
  readonly slipway: SlipwayProcess<keyof typeof HOLDERS>;
  readonly alice: Client<RegistryService>;
  readonly bob: Client<RegistryService>;
  readonly runs: Client<TrackingService>;
  readonly features: Client<FeatureStoreService>;
  readonly predictions: Client<PredictionService>;
  readonly jobs: Client<BatchService>;
  readonly pipelines: Client<PipelineService>;
  /** Objective, experiment, monitor and stream on the same server. */
  readonly story: Story;
  stop(): Promise<void>;
}

export async function startInstallation(): Promise<Installation> {
  const nats = await startNats();
  const bus = { 'event-bus.driver': 'nats', 'event-bus.nats.servers': nats.url };
  const slipway = await startSlipway<keyof typeof HOLDERS>({
    app: 'slipway',
    tokens: HOLDERS,
    settings: { ...bus, ...STORY_SETTINGS },
  });
  const { grpcAddress, inferenceAddress, tokens } = slipway;
  const grpc = { registry: grpcAddress, routing: grpcAddress, monitoring: grpcAddress };
  const story = new Story({ ...grpc, serving: inferenceAddress, streams: inferenceAddress }, tokens);
  const toAll = grpcTransport({ address: grpcAddress, token: () => tokens.alice });
  return {
    nats,
    slipway,
    alice: story.clients.registry,
    bob: story.clients.approver,
    runs: createClient(trackingService, toAll),
    features: createClient(featureStoreService, toAll),
    predictions: story.clients.predictions,
    jobs: createClient(batchService, toAll),
    pipelines: createClient(pipelineService, toAll),
    story,
    stop: async () => {
      await story.close();
      await toAll.close();
      await slipway.stop();
      await nats.stop();
    },
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
