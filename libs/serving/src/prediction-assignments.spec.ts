import type { PredictRequest } from '@slipway/contracts/slipway.serving.v1';
import { DeniedError, UnavailableError } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeRouter } from './testing/fake-router.ts';
import { hearPredictions } from './testing/hear-predictions.ts';
import { ServingHarness } from './testing/serving-harness.ts';
import { sumModel } from './testing/sum-model.ts';

const directory = temporaryDirectory();
const router = new FakeRouter();
let harness: ServingHarness;
let heard: Awaited<ReturnType<typeof hearPredictions>>;

beforeAll(async () => {
  harness = await ServingHarness.start({
    directory: directory.path,
    routing: router,
    config: { predictionLog: 'all' },
  });
  heard = await hearPredictions(harness.bus);
  harness.publishKeyed('m', 1, sumModel(['x']), ['request:x']);
  await harness.moveAndSettle('m', 1);
  await harness.moveAndSettle('m', 1, 'live');
  harness.publish('tensors', 1);
  await harness.moveAndSettle('tensors', 1);
});
afterAll(async () => {
  await harness.stop();
  directory.remove();
});

const rows = (...values: number[]): PredictRequest => ({ request_features: { x: { numbers: { values } } } });
const logged = (id: string) =>
  vi.waitFor(
    () => {
      const call = heard.find(({ prediction_ids }) => prediction_ids[0] === id);
      expect(call).toBeDefined();
      return call;
    },
    { timeout: 5_000 },
  );

describe('assignments of a prediction', () => {
  it('say which model answers, and go to the log with their units', async () => {
    const assignments = await Promise.all([
      router.assign({ unitHash: '1'.repeat(64), id: 'a-1', arm: 'control', propensity: 0.75, deployment: { model: 'm', alias: 'live' } }),
      router.assign({ unitHash: '2'.repeat(64), id: 'a-2', deployment: { model: 'm', alias: 'live' } }),
    ]); // prettier-ignore
    const answer = await harness.predictions.predict({
      ...rows(1, 2, 3),
      assignments,
      assignment_of_row: [1, 0, 1],
      prediction_ids: ['f-1', 'f-2', 'f-3'],
      as_of: { seconds: '986688000', nanos: 1_000 },
    });
    expect(answer).toMatchObject({ model: 'm', alias: 'live', prediction_ids: ['f-1', 'f-2', 'f-3'] });
    expect(await logged('f-1')).toMatchObject({
      model: 'm',
      alias: 'live',
      objective: 'late-departure',
      time_micros: '986688000000001',
      prediction_ids: ['f-1', 'f-2', 'f-3'],
      units: [
        { unit_hash: '1'.repeat(64), assignment_id: 'a-1', experiment: 'experiment-1', arm: 'control', propensity: 0.75 },
        { unit_hash: '2'.repeat(64), assignment_id: 'a-2', experiment: 'experiment-1', arm: 'treatment', propensity: 0.25 },
      ],
      unit_of_row: [1, 0, 1],
      shadows: [],
    }); // prettier-ignore
  });

  it('may come as metadata, then for all rows, with keys and with tensors', async () => {
    const token = await router.assign();
    const headers = { 'slipway-assignment': token };
    await harness.predictions.predict({ ...rows(1, 2), model: 'm', prediction_ids: ['h-1', 'h-2'] }, { headers });
    expect(await logged('h-1')).toMatchObject({
      objective: 'late-departure',
      units: [{ assignment_id: 'assignment-1' }],
      unit_of_row: [0, 0],
    });
    const tensors = await router.assign({ id: 'a-tensors', deployment: { model: 'tensors', alias: 'champion' } });
    const request = {
      model_name: 'tensors',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
      raw_input_contents: [Buffer.from(Float32Array.of(1).buffer)],
    };
    await harness.client.modelInfer(request, { headers: { 'slipway-assignment': tensors } });
    await vi.waitFor(() => {
      const call = heard.find(({ model }) => model === 'tensors');
      expect(call).toMatchObject({ objective: 'late-departure', units: [{ assignment_id: 'a-tensors' }] });
    });
    await expect(harness.client.modelInfer(request, { headers })).rejects.toMatchObject({
      kind: 'invalid-argument',
      message: expect.stringContaining('tensors@champion, and the assignments lead to m@champion') as string,
    });
    await expect(
      harness.client.modelInfer(request, { headers: { 'slipway-assignment': await new FakeRouter().assign() } }),
    ).rejects.toMatchObject({ kind: 'denied', reason: 'ASSIGNMENT_SIGNATURE_INVALID' });
  });

  it('of somebody else go to the log as they are', async () => {
    const headers = { 'slipway-assignment': 'arm b' };
    await harness.predictions.predict(
      { ...rows(1), model: 'm', prediction_ids: ['o-1'], entities: { id: { strings: { values: ['k'] } } } },
      { headers },
    );
    expect(await logged('o-1')).toMatchObject({ objective: '', units: [{ assignment_id: 'arm b', experiment: '' }] });
  });

  it('are checked with keys that are read once', async () => {
    const before = router.calls;
    for (let call = 0; call < 20; call += 1) {
      await harness.predictions.predict({ ...rows(1), assignments: [await router.assign({ id: `${call}` })] });
    }
    expect(router.calls).toBe(Math.max(before, 1));
  });
});

type Case = [string, () => Promise<PredictRequest>, string, string];
const two = async (changes: Parameters<FakeRouter['assign']>[0]): Promise<string[]> => [
  await router.assign(),
  await router.assign(changes),
];
const ofBoth = { ...rows(1, 2), assignment_of_row: [0, 1] };

it.each<Case>([
  ['a forged one', async () => ({ ...rows(1), assignments: [await new FakeRouter().assign()] }), 'denied', 'assignments[0]: the assignment is not signed by this installation'],
  ['a changed one', async () => {
    const [head = '', , signature = ''] = (await router.assign()).split('.');
    const [, body = ''] = (await router.assign({ propensity: 0.5 })).split('.');
    return { ...rows(1, 2), assignments: [await router.assign(), `${head}.${body}.${signature}`], assignment_of_row: [0, 1] };
  }, 'denied', 'assignments[1]: the assignment is not signed by this installation'],
  ['one that is none', async () => ({ ...ofBoth, assignments: [await router.assign(), 'text'] }), 'invalid-argument', 'assignments[1]: '],
  ['an old one', async () => ({ ...ofBoth, assignments: await two({ expiresAt: 1_000_000n, issuedAt: 1n }) }), 'failed-precondition', 'assignments[1]: the assignment expired'],
  ['one of another workspace', async () => ({ ...rows(1), assignments: [await router.assign({ workspace: 'other' })] }), 'invalid-argument', "assignments[0]: is of workspace 'other', and the call is made in 'default'"],
  ['two deployments', async () => ({ ...ofBoth, assignments: await two({ deployment: { model: 'm', alias: 'live' } }) }), 'invalid-argument', 'assignments[1]: has the deployment m@live, and the first one has m@champion'],
  ['two objectives', async () => ({ ...ofBoth, assignments: await two({ objective: 'other' }) }), 'invalid-argument', 'assignments[1]: has the objective other'],
  ['different shadows', async () => ({ ...ofBoth, assignments: await two({ shadows: [{ model: 'm', alias: 'live' }] }) }), 'invalid-argument', 'assignments[1]: has the shadows m@live, and the first one has none'],
  ['no word on which row has which', async () => ({ ...rows(1, 2), assignments: await two({}) }), 'invalid-argument', 'assignment_of_row: is missing'],
  ['too few of these words', async () => ({ ...rows(1, 2), assignments: await two({}), assignment_of_row: [0] }), 'invalid-argument', 'assignment_of_row: has 1 entries for 2 rows'],
  ['a word that leads nowhere', async () => ({ ...rows(1, 2), assignments: await two({}), assignment_of_row: [0, 2] }), 'invalid-argument', 'assignment_of_row[1]: is 2, and there are 2 assignments'],
  ['such words alone', async () => ({ ...rows(1), model: 'm', assignment_of_row: [0] }), 'invalid-argument', 'assignment_of_row: says which assignment each row has, and there are no assignments'],
  ['another model', async () => ({ ...rows(1), model: 'm@live', assignments: [await router.assign()] }), 'invalid-argument', 'model: is m@live, and the assignments lead to m@champion'],
  ['another objective', async () => ({ ...rows(1), objective: 'other', assignments: [await router.assign()] }), 'invalid-argument', "objective: is 'other', and the assignments are for 'late-departure'"],
  ['neither a model nor an assignment', async () => rows(1), 'invalid-argument', 'model: is missing'],
  ['ids for other rows', async () => ({ ...rows(1), model: 'm', prediction_ids: ['a', 'b'] }), 'invalid-argument', 'prediction_ids: has 2 ids for 1 rows'],
  ['a deployment that nobody serves', async () => ({ ...rows(1), assignments: [await router.assign({ deployment: { model: 'gone', alias: 'live' } })] }), 'not-found', "'gone@live' is not found"],
])('refuses %s', async (_, makeRequest, kind, words) => {
  await expect(harness.predictions.predict(await makeRequest())).rejects.toMatchObject({ kind, message: expect.stringContaining(words) as string });
}); // prettier-ignore

it.each([
  ['is away', new UnavailableError('refused'), 'unavailable', 'ROUTER_UNAVAILABLE'],
  ['refuses this server', new DeniedError('no'), 'failed-precondition', 'ROUTER_REFUSED'],
])('says so when the router %s, and asks again', async (_, failure, kind, reason) => {
  using own = temporaryDirectory();
  const routing = new FakeRouter();
  const other = await ServingHarness.start({ directory: own.path, routing });
  other.publishKeyed('m', 1, sumModel(['x']), ['request:x']);
  await other.moveAndSettle('m', 1);
  routing.failure = failure;
  const request = { ...rows(1), assignments: [await routing.assign()] };
  await expect(other.predictions.predict(request)).rejects.toMatchObject({ kind, reason });
  routing.failure = undefined;
  expect((await other.predictions.predict(request)).version).toBe('1');
  await other.stop();
});

it('needs a router for assignments in the request, and leaves those in the metadata alone without one', async () => {
  using own = temporaryDirectory();
  const other = await ServingHarness.start({ directory: own.path });
  other.publishKeyed('m', 1, sumModel(['x']), ['request:x']);
  await other.moveAndSettle('m', 1);
  const token = await router.assign();
  await expect(other.predictions.predict({ ...rows(1), assignments: [token] })).rejects.toMatchObject({
    kind: 'failed-precondition',
    reason: 'ROUTER_NOT_CONFIGURED',
    message: expect.stringContaining('set routing.address') as string,
  });
  const headers = { 'slipway-assignment': token };
  expect((await other.predictions.predict({ ...rows(1), model: 'm' }, { headers })).version).toBe('1');
  await other.stop();
});
