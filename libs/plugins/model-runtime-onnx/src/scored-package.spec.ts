import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { generateKeyPair, inspectGraph, readSigningKey, signManifest, trustedKeyOf } from '@slipway/model-package';
import { RUNTIME_SUITE_MODELS } from '@slipway/plugin-kit/testing';
import type { Tensor } from '@slipway/plugin-kit';
import { loadScorer, type Scorer } from '@slipway/scoring';
import { modelRuntimeOnnxPlugin } from './plugin.ts';

const never = new AbortController().signal;
const model = Buffer.from(RUNTIME_SUITE_MODELS.arithmetic, 'base64');
const signingKey = readSigningKey(generateKeyPair().privateKeyPem);

async function scorer(): Promise<Scorer> {
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(1)),
    log: silentLogger,
    dataDirectory: '.',
  });
  await runtime.open(never);
  onTestFinished(() => runtime.close());
  const envelope = signManifest(
    {
      formatVersion: 1,
      workspace: 'default',
      model: 'arithmetic',
      version: 1,
      files: [{ path: 'model.onnx', bytes: model.length, sha256: createHash('sha256').update(model).digest('hex') }],
      graph: 'model.onnx',
      signature: inspectGraph(model).signature,
      features: [],
      preprocessing: {},
      postprocessing: {},
      trainingSetId: '',
      runId: '',
      createdAt: '2001-04-01T00:00:00.000000Z',
    },
    signingKey,
  );
  return loadScorer({
    envelope,
    readFile: async () => model,
    trustedKeys: [trustedKeyOf(signingKey)],
    runtime,
    expected: { workspace: 'default', model: 'arithmetic', version: 1 },
    signal: never,
  });
}

const input = (name: string, rows: number): Tensor => ({
  name,
  datatype: 'FP32',
  shape: [rows, 2],
  data: Float32Array.from({ length: rows * 2 }, (_, index) => index + 1),
});

describe('a signed package on the real runtime', () => {
  it('scores, in the order asked for', async () => {
    const loaded = await scorer();
    const [product, sum] = await loaded.score([input('right', 2), input('left', 2)], ['product', 'sum'], never);
    expect(product?.data).toEqual(Float32Array.of(1, 4, 9, 16));
    expect(sum?.data).toEqual(Float32Array.of(2, 4, 6, 8));
  });

  it('does not stretch one row to the rows of another input, as the runtime by itself would', async () => {
    const loaded = await scorer();
    await expect(loaded.score([input('left', 3), input('right', 1)], undefined, never)).rejects.toThrow(
      "inputs[1].shape: dimension 'N' is 1 for input 'right' and 3 for input 'left'",
    );
  });

  it('drains when it closes', async () => {
    const loaded = await scorer();
    const scores = Array.from({ length: 20 }, () =>
      loaded.score([input('left', 1), input('right', 1)], ['sum'], never),
    );
    await loaded.close();
    expect((await Promise.all(scores)).every(([sum]) => sum?.data[1] === 4)).toBe(true);
    await expect(loaded.score([input('left', 1), input('right', 1)], ['sum'], never)).rejects.toThrow('unloaded');
  });
});
