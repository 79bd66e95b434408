import { setTimeout as delay } from 'node:timers/promises';
import { createClient, grpcTransport } from '@slipway/clients';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { buildModel } from '@slipway/model-package';
import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import { afterEach, expect, it } from 'vitest';

type Holder = 'alice' | 'admin';
const MODEL = 'Prévision (été)';
const ONNX = 'flavors:\n  onnx:\n    data: model.onnx\n';

let slipway: SlipwayProcess<Holder> | undefined;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await slipway?.stop();
});

/** y = x + 1 */
const graph = (): Uint8Array => {
  const row = { datatype: 'FP32', shape: [-1, 1] } as const;
  return buildModel({
    producer: 'slipway-tests',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'add',
      inputs: [{ name: 'x', ...row }],
      outputs: [{ name: 'y', ...row }],
      initializers: [{ name: 'b', datatype: 'FP32', shape: [1], data: Float32Array.of(1) }],
      nodes: [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }],
    },
  });
};

async function* streamOf<Item>(items: readonly Item[]): AsyncGenerator<Item, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}

it('serves the model that a run logged, under a name with spaces and accents', async () => {
  const tokens = { alice: { roles: ['editor'] }, admin: { roles: ['admin'] } } as const;
  slipway = await startSlipway<Holder>({ app: 'slipway', tokens });
  const { grpcAddress, inferenceUrl, tokens: held } = slipway;
  const connect = (who: Holder) => {
    const transport = grpcTransport({ address: grpcAddress, token: () => held[who] });
    closers.push(() => transport.close());
    return transport;
  };
  const alice = connect('alice');
  const tracking = createClient(trackingService, alice);
  const registry = createClient(registryService, alice);
  const { run } = await tracking.createRun({ experiment_id: '0' });
  const run_id = run?.run_id ?? '';
  for (const [path, content] of [
    ['model/MLmodel', Buffer.from(ONNX)],
    ['model/model.onnx', graph()],
  ] as const) {
    const parts = [{ header: { owner: { run_id }, path } }, { chunk: Buffer.from(content) }];
    await tracking.uploadArtifact(streamOf(parts));
  }
  await registry.createRegisteredModel({ name: MODEL });
  const source = `runs:/${run_id}/model`;
  const { version } = await registry.createModelVersionFromSource({ model: MODEL, source, run_id });
  expect(version).toMatchObject({ version: '1', graph: 'model.onnx', run_id, inputs: [{ name: 'x' }] });
  const alias = { model: MODEL, alias: 'champion' };
  const admin = createClient(registryService, connect('admin'));
  await admin.setAliasPolicy({ ...alias, gates: [], approvals_required: 0 });
  await registry.moveAlias({ ...alias, version: '1' });

  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [41] }];
  const infer = () =>
    fetch(`${inferenceUrl}/v2/models/${encodeURIComponent(MODEL)}/infer`, {
      method: 'POST',
      headers: { authorization: `Bearer ${held.alice}`, 'content-type': 'application/json' },
      body: JSON.stringify({ inputs }),
    });
  let answer = await infer();
  for (let tries = 0; tries < 100 && answer.status !== 200; tries++) {
    await delay(100);
    answer = await infer();
  }
  expect(await answer.json()).toMatchObject({ outputs: [{ name: 'y', data: [42] }] });
}, 60_000);
