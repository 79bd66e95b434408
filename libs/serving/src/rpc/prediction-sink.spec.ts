import { decodePayload, encodePayload, parseCloudEvent, predictionLogged } from '@slipway/contracts';
import { createIdSource, seededRandom, systemClock, UnavailableError } from '@slipway/kernel';
import type { BusMessage } from '@slipway/plugin-kit';
import { describe, expect, it } from 'vitest';
import type { LoggedCall } from '../domain/prediction-log.ts';
import { createPredictionSink, predictionsJson } from './prediction-sink.ts';

const ids = createIdSource(systemClock, seededRandom(1));
const never = new AbortController().signal;

const call = (model: string, rows: number, workspace = 'default'): LoggedCall => ({
  workspace,
  model,
  alias: 'champion',
  version: 2n ** 60n + 1n,
  digest: 'd'.repeat(64),
  time: 986_688_000_000_001n,
  objective: 'late',
  assignment: 'signed.text',
  requestId: 'req-1',
  stages: {
    queue: 1,
    feature_fetch: 2,
    pre_process: 3,
    batch_wait: 0,
    inference: 4,
    post_process: 5,
    encode: 6,
    total: 21,
  },
  rows: Array.from({ length: rows }, (_, row) => ({
    predictionId: `${model}.${row}`,
    unitHash: 'e'.repeat(64),
    outputs: { probability: 0.25, odd: Number.NaN, huge: -Infinity },
    views: [
      { view: 'delays', eventTime: 986_688_000_000_000n, status: 'PRESENT' },
      { view: 'airports', eventTime: 0n, status: 'NOT_FOUND' },
    ],
  })),
});

function sinkTo(bytesMax: number) {
  const published: BusMessage[] = [];
  const bus = {
    capabilities: { messageBytesMax: bytesMax, deduplicationWindowMs: 0 },
    publish: (messages: readonly BusMessage[]) => {
      published.push(...messages);
      return Promise.resolve([]);
    },
  };
  return { published, sink: createPredictionSink({ bus, serverName: 'serving-0', ids }) };
}

const payloadOf = ({ data, headers }: BusMessage) =>
  decodePayload(predictionLogged, parseCloudEvent(data, headers).data);

describe('createPredictionSink', () => {
  it('writes by hand what the general codec writes', () => {
    const rows = call('flights', 2).rows.map((row) => ({ call: call('flights', 2), row }));
    const json = predictionsJson('flights', rows, { serverName: 'serving-0', dropped: 3 });
    expect(json).toEqual(encodePayload(predictionLogged, decodePayload(predictionLogged, json)));
    // every field of the contract is there
    expect(Object.keys(json).sort()).toEqual(
      Object.keys(encodePayload(predictionLogged, predictionLogged.sample)).sort(),
    );
  });

  it('sends one event for each workspace and model, each row once, nothing rounded', async () => {
    const { published, sink } = sinkTo(1_000_000);
    expect(await sink.publish([call('a', 2), call('b', 1), call('a', 1), call('a', 1, 'other')], 7, never)).toBe(0);
    expect(published.map(({ subject }) => subject)).toEqual([
      'slipway.v1.default.serving.prediction.logged.a',
      'slipway.v1.default.serving.prediction.logged.b',
      'slipway.v1.other.serving.prediction.logged.a',
    ]);
    const [first] = published.map(payloadOf);
    expect(first).toMatchObject({ model: 'a', server: 'serving-0', dropped: '7' });
    expect(first?.predictions?.map(({ prediction_id }) => prediction_id)).toEqual(['a.0', 'a.1', 'a.0']);
    expect(first?.predictions?.[0]).toMatchObject({
      version: '1152921504606846977',
      time_micros: '986688000000001',
      outputs: { probability: 0.25, odd: NaN, huge: -Infinity },
      latencies: { total: 21 },
      assignment: 'signed.text',
      experiment: '',
      propensity: 0,
    });
    expect(new Set(published.map(({ id }) => id)).size).toBe(3);
  });

  it('splits what is larger than the bus takes, and says what does not fit at all', async () => {
    const { published, sink } = sinkTo(8_000);
    expect(await sink.publish([call('a', 50)], 0, never)).toBe(0);
    expect(published.length).toBeGreaterThan(2);
    expect(published.every(({ data }) => data.length <= 8_000)).toBe(true);
    expect(
      published.map(payloadOf).flatMap(({ predictions }) => predictions?.map(({ prediction_id }) => prediction_id)),
    ).toEqual(Array.from({ length: 50 }, (_, row) => `a.${row}`));
    expect(await sinkTo(100).sink.publish([call('a', 3)], 0, never)).toBe(3);
  });

  it('fails as the bus fails', async () => {
    const bus = {
      capabilities: { messageBytesMax: 1_000_000, deduplicationWindowMs: 0 },
      publish: () => Promise.reject(new UnavailableError('no broker')),
    };
    await expect(createPredictionSink({ bus, serverName: 's', ids }).publish([call('a', 1)], 0, never)).rejects.toThrow(
      'no broker',
    );
  });
});
