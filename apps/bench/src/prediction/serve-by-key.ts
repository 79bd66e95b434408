import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, grpcTransport, type ClientTransport } from '@slipway/clients';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService, type IngestRowsRequest } from '@slipway/contracts/slipway.features.v1';
import { registryService, type CreateModelVersionRequest } from '@slipway/contracts/slipway.registry.v1';
import { predictionService, type PredictResponse } from '@slipway/contracts/slipway.serving.v1';
import { DomainError } from '@slipway/kernel';
import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import { FEATURES, keyedGraph, keyOf, MODEL, REPOSITORY, VIEW } from './keyed-model.ts';

const READY_WITHIN_MS = 20_000;

export interface ServedByKey {
  readonly process: SlipwayProcess;
  /** One right answer of it. */
  readonly answer: PredictResponse;
  readonly stop: () => Promise<void>;
}

/** Slipway in one process with features online and a model that needs them. @throws {Error} when its first answer is wrong. */
export async function serveByKey(csv: string, scores: Float64Array): Promise<ServedByKey> {
  const process = await startSlipway({ app: 'slipway', settings: { 'log.level': 'warn' } });
  const stop = async (): Promise<void> => void (await process.stop());
  const transports = [process.grpcAddress, process.inferenceAddress].map((address) => grpcTransport({ address })) as [
    ClientTransport,
    ClientTransport,
  ];
  try {
    await materialize(transports[0], csv);
    await register(transports[0]);
    return { process, answer: await firstAnswer(transports[1], scores[0] ?? Number.NaN), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await Promise.all(transports.map((transport) => transport.close()));
  }
}

async function materialize(transport: ClientTransport, csv: string): Promise<void> {
  const features = createClient(featureStoreService, transport);
  await features.applyRepository({ files: REPOSITORY });
  const { ingestion } = await features.ingestRows(rowsOf(csv));
  if (ingestion?.quarantined_rows !== '0') throw new Error(`rows broke their contract: ${JSON.stringify(ingestion)}`);
  const { operation } = await features.materializeViews({ views: [VIEW] });
  const operations = createClient(operationService, transport);
  for (const giveUpAt = performance.now() + READY_WITHIN_MS; ; await delay(20)) {
    const { operation: now } = await operations.getOperation({ id: operation?.id ?? '' });
    if (now?.state === 'OPERATION_STATE_SUCCEEDED') return;
    const isOver = now?.state === 'OPERATION_STATE_FAILED' || performance.now() > giveUpAt;
    if (isOver) throw new Error(`the features are not online: ${JSON.stringify(now)}`);
  }
}

async function* rowsOf(csv: string): AsyncIterable<IngestRowsRequest> {
  yield { header: { source: VIEW, format: 'FILE_FORMAT_CSV' } };
  yield { chunk: Buffer.from(csv) };
}

async function register(transport: ClientTransport): Promise<void> {
  const registry = createClient(registryService, transport);
  await registry.createRegisteredModel({ name: MODEL });
  await registry.setAliasPolicy({ model: MODEL, alias: 'champion', approvals_required: 0 }); // nobody else is here
  const { version } = await registry.createModelVersion(uploadOf(keyedGraph()));
  await registry.moveAlias({ model: MODEL, alias: 'champion', version: version?.version ?? '' });
}

async function* uploadOf(graph: Uint8Array): AsyncIterable<CreateModelVersionRequest> {
  const sha256 = createHash('sha256').update(graph).digest('hex');
  const files = [{ path: 'model.onnx', bytes: `${graph.byteLength}`, sha256 }];
  const features = FEATURES.map((name) => `${VIEW}:${name}`);
  yield { header: { model: MODEL, files, graph: 'model.onnx', features } };
  yield { chunk: Buffer.from(graph) };
  yield { file_end: true };
}

async function firstAnswer(transport: ClientTransport, expected: number): Promise<PredictResponse> {
  const predictions = createClient(predictionService, transport);
  const request = { model: MODEL, entities: { id: { strings: { values: [keyOf(0)] } } } };
  for (const giveUpAt = performance.now() + READY_WITHIN_MS; ; await delay(20)) {
    try {
      const answer = await predictions.predict(request);
      const score = answer.outputs[0]?.values?.numbers?.values[0] ?? Number.NaN;
      if (Math.abs(score - expected) < 1e-9) return answer;
      throw new Error(`the model answers ${score} instead of ${expected}`);
    } catch (error) {
      const isLoading = error instanceof DomainError && (error.kind === 'not-found' || error.kind === 'unavailable');
      if (!isLoading || performance.now() > giveUpAt) throw error;
    }
  }
}
