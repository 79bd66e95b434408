import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, grpcTransport, type Client, type ClientTransport } from '@slipway/clients';
import { gRPCInferenceService, type GRPCInferenceService } from '@slipway/contracts/inference';
import { registryService, type CreateModelVersionRequest } from '@slipway/contracts/slipway.registry.v1';
import { DomainError } from '@slipway/kernel';
import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import { onnxOf, scoreOf, type LinearModel } from './linear-model.ts';
import { requestOf } from './requests.ts';

/** Slipway in one process that answers for one or more models. */
export interface ServedModels {
  readonly process: SlipwayProcess<'bench'>;
  readonly token: string | undefined;
  readonly stop: () => Promise<void>;
}

const SERVED_WITHIN_MS = 20_000;
const CHUNK_BYTES = 256 * 1024;
/** Sums in another order. */
const TOLERANCE = 1e-3;

/** Starts it, registers the models as champions and waits until each has answered one row rightly. @throws {Error} when one does not. */
export async function serveModels(
  authenticator: 'none' | 'tokens',
  models: readonly LinearModel[],
): Promise<ServedModels> {
  const process = await startSlipway<'bench'>({
    app: 'slipway',
    settings: { 'log.level': 'warn' },
    ...(authenticator === 'tokens' && { tokens: { bench: { roles: ['editor', 'approver', 'predictor'] } } }),
  });
  const token = authenticator === 'tokens' ? process.tokens.bench : undefined;
  const transports = [process.grpcAddress, process.inferenceAddress].map((address) =>
    grpcTransport({ address, token: () => token }),
  ) as [ClientTransport, ClientTransport];
  try {
    const registry = createClient(registryService, transports[0]);
    const inference = createClient(gRPCInferenceService, transports[1]);
    for (const model of models) {
      await registry.createRegisteredModel({ name: model.name, request_id: model.name });
      await registry.setAliasPolicy({ model: model.name, alias: 'champion', approvals_required: 0 }); // nobody else is here
      const { version } = await registry.createModelVersion(uploadOf(model));
      await registry.moveAlias({ model: model.name, alias: 'champion', version: version?.version ?? '' });
    }
    for (const model of models) await untilRight(inference, model);
    return { process, token, stop: async () => void (await process.stop()) };
  } catch (error) {
    await process.stop();
    throw error;
  } finally {
    await Promise.all(transports.map((transport) => transport.close()));
  }
}

async function* uploadOf(model: LinearModel): AsyncIterable<CreateModelVersionRequest> {
  const file = onnxOf(model);
  const sha256 = createHash('sha256').update(file).digest('hex');
  yield {
    header: {
      model: model.name,
      files: [{ path: 'model.onnx', bytes: `${file.byteLength}`, sha256 }],
      graph: 'model.onnx',
      request_id: model.name,
    },
  };
  for (let from = 0; from < file.byteLength; from += CHUNK_BYTES)
    yield { chunk: Buffer.from(file.subarray(from, from + CHUNK_BYTES)) };
  yield { file_end: true };
}

async function untilRight(inference: Client<GRPCInferenceService>, model: LinearModel): Promise<void> {
  const values = model.weights.map((_, index) => index / model.features);
  const expected = scoreOf(model, values);
  const giveUpAt = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    const raw = await firstOutput(inference, model, values);
    const score = raw && new DataView(raw.buffer, raw.byteOffset).getFloat32(0, true);
    if (score !== undefined && Math.abs(score - expected) < TOLERANCE) return;
    if (score !== undefined) throw new Error(`model ${model.name} answers ${score} instead of ${expected}`);
    if (performance.now() > giveUpAt) throw new Error(`model ${model.name} is not served after 20 s`);
    await delay(20);
  }
}

/** Undefined while the model is not served yet. */
async function firstOutput(
  inference: Client<GRPCInferenceService>,
  model: LinearModel,
  values: Float32Array,
): Promise<Uint8Array | undefined> {
  try {
    const { raw_output_contents } = await inference.modelInfer(requestOf(model, { rows: 1, values }));
    return raw_output_contents[0];
  } catch (error) {
    if (error instanceof DomainError && (error.kind === 'not-found' || error.kind === 'unavailable')) return undefined;
    throw error;
  }
}
