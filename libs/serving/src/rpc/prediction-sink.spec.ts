import { decodePayload, encodePayload, parseCloudEvent, predictionLogged } from '@slipway/contracts';
import { createIdSource, seededRandom, systemClock, UnavailableError } from '@slipway/kernel';
import type { BusMessage } from '@slipway/plugin-kit';
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { sliceCall, type LoggedCall } from '../domain/logged-call.ts';
import { createPredictionSink } from './prediction-sink.ts';
import { predictionsJson } from './predictions-json.ts';

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
  predictionIds: Array.from({ length: rows }, (_, row) => `${model}.${row}`),
  outputs: [
    { name: 'probability', values: Float64Array.from({ length: rows }, (_, row) => row / 8) },
    { name: 'odd', values: new Float64Array(rows).fill(Number.NaN) },
    { name: 'huge', values: new Float64Array(rows).fill(-Infinity) },
  ],
  numberFeatures: [{ name: 'request:hour', values: Float64Array.from({ length: rows }, (_, row) => row) }],
  textFeatures: [{ name: 'request:day', values: Array.from({ length: rows }, (_, row) => `day ${row}`) }],
  views: [
    {
      view: 'delays',
      eventTimes: Array.from({ length: rows }, (_, row) => (row % 2 ? 0n : 986_688_000_000_000n)),
      statuses: Array.from({ length: rows }, (_, row) => (row % 2 ? 'NOT_FOUND' : 'PRESENT')),
    },
  ],
  units: ['e', 'f', 'g'].map((letter) => ({
    unitHash: letter.repeat(64),
    assignmentId: `a-${letter}`,
    experiment: 'x',
    arm: 'treatment',
    propensity: 0.1,
  })),
  unitOfRow: Array.from({ length: rows }, (_, row) => row % 3),
  shadows: [
    {
      model,
      alias: 'live',
      version: 3n,
      digest: 'c'.repeat(64),
      outputs: [{ name: 'probability', values: Float64Array.from({ length: rows }, (_, row) => row / 16) }],
    },
  ],
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

/** Names of the fields of a message and of the messages in it, down to the columns. */
function fieldsOf(value: unknown, place = ''): string[] {
  if (Array.isArray(value)) return fieldsOf(value[0], place);
  if (typeof value !== 'object' || value === null) return [place];
  const isMap = /(?:outputs|features)$/.test(place);
  const names = isMap
    ? Object.values(value)
        .slice(0, 1)
        .map((each) => ['*', each] as const)
    : Object.entries(value);
  return names.flatMap(([name, each]) => fieldsOf(each, `${place}.${name}`)).sort();
}

const payloadOf = ({ data, headers }: BusMessage) =>
  decodePayload(predictionLogged, parseCloudEvent(data, headers).data);

describe('createPredictionSink', () => {
  it('writes by hand what the general codec writes', () => {
    const json = predictionsJson('flights', [call('flights', 2)], { serverName: 'serving-0', dropped: 3 });
    expect(json).toEqual(encodePayload(predictionLogged, decodePayload(predictionLogged, json)));
    // every field of the contract is there
    const sample = encodePayload(predictionLogged, predictionLogged.sample);
    expect(fieldsOf(json)).toEqual(fieldsOf(sample));
  });

  it('is read by the types of the contract as it was logged, for all numbers and texts', () => {
    // JSON.stringify writes minus zero as 0
    const numbers = fc.array(
      fc.double().map((value) => value + 0),
      { minLength: 1, maxLength: 20 },
    );
    const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: 20, maxLength: 20 });
    const micros = fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(numbers, texts, micros, (values, words, times) => {
        const rows = values.length;
        const logged: LoggedCall = {
          ...call('m', rows),
          predictionIds: words.slice(0, rows),
          outputs: [{ name: 'y', values: Float64Array.from(values) }],
          numberFeatures: [],
          textFeatures: [{ name: 't', values: words.slice(0, rows) }],
          views: [
            { view: 'v', eventTimes: times.slice(0, rows), statuses: Array.from({ length: rows }, () => 'PRESENT') },
          ],
        };
        const json = predictionsJson('m', [logged], { serverName: 's', dropped: 0 });
        const read = decodePayload(predictionLogged, JSON.parse(JSON.stringify(json))).calls[0];
        // lone surrogates cannot travel as UTF-8, but these go no further than JSON here
        expect(read?.prediction_ids).toEqual(logged.predictionIds);
        expect(read?.outputs?.['y']?.values).toEqual(values);
        expect(read?.text_features?.['t']?.values).toEqual(logged.textFeatures[0]?.values);
        expect(read?.views?.[0]?.event_time_micros).toEqual(times.slice(0, rows).map(String));
      }),
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
    expect(first?.calls?.map(({ prediction_ids }) => prediction_ids)).toEqual([['a.0', 'a.1'], ['a.0']]);
    expect(first?.calls?.[0]).toMatchObject({
      version: '1152921504606846977',
      time_micros: '986688000000001',
      objective: 'late',
      outputs: {
        probability: { values: [0, 0.125] },
        odd: { values: [NaN, NaN] },
        huge: { values: [-Infinity, -Infinity] },
      },
      latencies: { total: 21 },
      units: [{ assignment_id: 'a-e' }, { assignment_id: 'a-f' }, { assignment_id: 'a-g' }],
      unit_of_row: [0, 1],
      shadows: [{ alias: 'live', version: '3', outputs: { probability: { values: [0, 0.0625] } } }],
    });
    expect(new Set(published.map(({ id }) => id)).size).toBe(3);
  });

  it('splits what is larger than the bus takes, and says what does not fit at all', async () => {
    const { published, sink } = sinkTo(2_500);
    expect(await sink.publish([call('a', 50)], 0, never)).toBe(0);
    expect(published.length).toBeGreaterThan(2);
    expect(published.every(({ data }) => data.length <= 2_500)).toBe(true);
    const calls = published.map(payloadOf).flatMap((event) => event.calls ?? []);
    const rows = calls.flatMap((each) =>
      (each.prediction_ids ?? []).map((id, row) => ({
        id,
        probability: each.outputs?.['probability']?.values?.[row],
        hour: each.number_features?.['request:hour']?.values?.[row],
        day: each.text_features?.['request:day']?.values?.[row],
        status: each.views?.[0]?.statuses?.[row],
        unit: each.units?.[each.unit_of_row?.[row] ?? -1]?.assignment_id,
        shadow: each.shadows?.[0]?.outputs?.['probability']?.values?.[row],
      })),
    );
    expect(rows).toEqual(
      Array.from({ length: 50 }, (_, row) => ({
        id: `a.${row}`,
        probability: row / 8,
        hour: row,
        day: `day ${row}`,
        status: row % 2 ? 'NOT_FOUND' : 'PRESENT',
        unit: ['a-e', 'a-f', 'a-g'][row % 3],
        shadow: row / 16,
      })),
    );
    expect(sliceCall(call('a', 50), 4, 5)).toMatchObject({ unitOfRow: [0], units: [{ assignmentId: 'a-f' }] });
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
