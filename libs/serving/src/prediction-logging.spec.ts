import { createHash } from 'node:crypto';
import { decodePayload, parseCloudEvent, predictionLogged } from '@slipway/contracts';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, expect, it, vi } from 'vitest';
import type { ServingConfig } from './serving-config.ts';
import { sumModel } from './testing/sum-model.ts';
import { ServingHarness } from './testing/serving-harness.ts';

const directory = temporaryDirectory();
let harness: ServingHarness | undefined;
afterEach(async () => {
  await harness?.stop();
  directory.remove();
});

/** A server with a keyed model, and what it logs. */
async function start(predictionLog: ServingConfig['predictionLog']) {
  const started = (harness = await ServingHarness.start({ directory: directory.path, config: { predictionLog } }));
  const logged: ReturnType<typeof decode>[] = [];
  const decode = (data: Uint8Array, headers: Readonly<Record<string, string>>) => {
    const event = parseCloudEvent(data, headers);
    return { workspace: event.workspace, ...decodePayload(predictionLogged, event.data) };
  };
  await started.bus.subscribe(
    {
      durable: 'test',
      subject: 'slipway.v1.*.serving.prediction.logged.>',
      from: 'beginning',
      ackWaitMs: 5_000,
      deliveriesMax: 1,
      backoffMs: [1],
      inFlightMax: 100,
      handlerTimeoutMs: 5_000,
      deadLetter: (delivery) => ({ ...delivery, subject: 'slipway.dead' }),
    },
    ({ data, headers }) => {
      logged.push(decode(data, headers));
      return Promise.resolve();
    },
  );
  started.publish('m', 1);
  await started.moveAndSettle('m', 1);
  return { started, logged };
}

it('logs predictions by key with all that later joins need, and no calls with tensors', async () => {
  const { started, logged } = await start('keyed');
  started.publishKeyed('keyed', 4, sumModel(['a', 'b']), ['view:f', 'request:g']);
  await started.moveAndSettle('keyed', 4, 'challenger');
  started.features.views.set('view', {
    joinKey: 'id',
    types: { f: 'numbers' },
    rows: new Map([
      ['a', { eventTime: 986_688_000_000_001n, values: { f: 1 } }],
      ['b', { eventTime: 7n, values: { f: 1 }, isOld: true }],
    ]),
  });
  const answer = await started.predictions.predict(
    {
      model: 'keyed@challenger',
      entities: { id: { strings: { values: ['a', 'b', 'c'] } } },
      request_features: { g: { numbers: { values: [10, 20, 30] } } },
      objective: 'late-departure',
    },
    { requestId: 'req-7' },
  );
  await started.infer('m', [1]);
  await vi.waitFor(() => expect(logged).toHaveLength(1), { timeout: 5_000 });
  await started.stop(); // sends what is left
  expect(logged).toHaveLength(1);
  const [event] = logged;
  expect(event).toMatchObject({ workspace: 'default', model: 'keyed', server: 'serving-0', dropped: '0' });
  const unit = (id: string) => createHash('sha256').update(`{"id":"${id}"}`).digest('hex');
  expect(event?.calls).toEqual([
    {
      time_micros: expect.stringMatching(/^\d{16}$/) as string,
      objective: 'late-departure',
      alias: 'challenger',
      version: '4',
      digest: answer.digest,
      request_id: 'req-7',
      latencies: answer.latencies,
      prediction_ids: answer.prediction_ids,
      outputs: { y: { values: [11, NaN, NaN] } },
      number_features: { 'view:f': { values: [1, NaN, NaN] }, 'request:g': { values: [10, 20, 30] } },
      text_features: {},
      views: [
        {
          view: 'view',
          event_time_micros: ['986688000000001', '7', '0'],
          statuses: ['PRESENT', 'OUTSIDE_MAX_AGE', 'NOT_FOUND'],
        },
      ],
      units: ['a', 'b', 'c'].map((id) => ({
        unit_hash: unit(id),
        assignment_id: '',
        experiment: '',
        arm: '',
        propensity: 0,
      })),
      unit_of_row: [0, 1, 2],
      shadows: [],
    },
  ]);
});

it('logs calls with tensors when told to, one entry each', async () => {
  const { started, logged } = await start('all');
  await started.infer('m', [5, 6]);
  await started.infer('m', [7]);
  await vi.waitFor(() => expect(logged.flatMap(({ calls }) => calls ?? [])).toHaveLength(2), {
    timeout: 5_000,
  });
  const entries = logged.flatMap(({ calls }) => calls ?? []);
  expect(entries.map(({ outputs, units, views, version }) => ({ outputs, units, views, version }))).toEqual([
    { outputs: { y: { values: [6] } }, units: [], views: [], version: '1' },
    { outputs: { y: { values: [8] } }, units: [], views: [], version: '1' },
  ]);
  expect(new Set(entries.flatMap(({ prediction_ids }) => prediction_ids)).size).toBe(2);
});

it('logs nothing when told so', async () => {
  const off = await start('off');
  await off.started.infer('m', [1]);
  await off.started.stop();
  expect(off.logged).toEqual([]);
});

it('loses nothing when the server stops at once', async () => {
  const all = await start('all');
  for (let call = 0; call < 300; call += 1) await all.started.infer('m', [call]);
  for (const component of all.started.service.components.toReversed())
    await component.drain?.(new AbortController().signal);
  await vi.waitFor(() => expect(all.logged.flatMap(({ calls }) => calls ?? [])).toHaveLength(300), {
    timeout: 5_000,
  });
  expect(all.started.metrics.counts.get('slipway_prediction_log_dropped_total{}') ?? 0).toBe(0);
});

it('answers as ever while the bus refuses, and counts what is lost', async () => {
  const { started } = await start('all');
  started.bus.publish = () => Promise.reject(new Error('no broker'));
  for (let call = 0; call < 20; call += 1) expect((await started.infer('m', [call])).y).toEqual([call + 1]);
  await vi.waitFor(() => expect(started.metrics.counts.get('slipway_prediction_log_dropped_total{}')).toBe(20), {
    timeout: 5_000,
  });
});
