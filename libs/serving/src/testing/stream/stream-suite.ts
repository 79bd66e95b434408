import { receivedMessage } from '../../rpc/stream/stream-messages.ts';
import type { EventBus } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeIsAway } from '../fake-feature-store.ts';
import { sumModel } from '../sum-model.ts';
import { event, eventually, ResultLog, startStreams, withSumModel, type StreamHarness } from './stream-harness.ts';

const NEVER = new AbortController().signal;
const WAIT_MS = 30_000;

/** What a stream promises, over one kind of bus. @param makeBus a new bus over an empty storage; the embedded one when left out. */
export function streamSuite(name: string, makeBus?: () => EventBus): void {
  describe(`streams over ${name}`, () => {
    let directory: ReturnType<typeof temporaryDirectory>;
    let made: StreamHarness;
    let log: ResultLog;
    beforeEach(async () => {
      directory = temporaryDirectory();
      made = await startStreams({ directory: directory.path, ...(makeBus && { makeBus }) });
      await withSumModel(made.harness);
      log = await ResultLog.open(made.harness.bus, 's');
    });
    afterEach(async () => {
      await log.close();
      await made.harness.stop();
      directory.remove();
    });
    const create = (overrides: object = {}) =>
      made.harness.streams.createStream({ name: 's', model: 'm', ...overrides });
    const publish = (...events: ReturnType<typeof event>[]) =>
      made.harness.streams.publishEvents({ stream: 's', events });
    const status = async () => (await made.harness.streams.getStream({ name: 's' })).stream?.status;
    const resultsAre = (count: number) => eventually(`${count} results`, () => log.results.length >= count, WAIT_MS);

    it('scores each event once, keeps the row of its key, and tells how far it is', async () => {
      const { stream } = await create({ table: 'scores', table_keys: ['a'] });
      expect(stream).toMatchObject({ model: 'm@champion', subject: 'slipway.v1.default.stream.s.received.>' });
      const events = Array.from({ length: 300 }, (_, at) => event(`e${at}`, `k${at % 7}`, { a: at, b: 1_000 }));
      expect(await publish(...events)).toEqual({ published: '300', duplicates: '0' });
      expect(await publish(...events.slice(0, 5))).toEqual({ published: '0', duplicates: '5' });
      await resultsAre(300);
      const byEvent = new Map(log.results.map((result) => [result.eventId, result]));
      expect([...byEvent.keys()].sort()).toEqual(events.map(({ id }) => id).sort());
      expect(log.results).toHaveLength(300);
      for (const [at, { id, key }] of events.entries()) {
        expect(byEvent.get(id)).toMatchObject({ key, version: '1', outputs: { y: at + 1_000 }, messageId: `default/s:${id}:scored` }); // prettier-ignore
        expect(made.tables.rows.get(`scores/${at}`)).toMatchObject({ outputs: { y: at + 1_000 }, writes: 1 });
      }
      await eventually('all acknowledged', async () => (await status())?.scored === '300');
      const told = await status();
      expect(told).toMatchObject({ state: 'active', version: '1', server: 'serving-0', dead_lettered: '0' });
      expect(told?.latency_p99_micros).toBeGreaterThanOrEqual(told?.latency_p50_micros ?? Infinity);
    });

    it('keeps the order of the events of each key', async () => {
      await create();
      const order = Array.from({ length: 1_000 }, (_, at) => ({ id: `e${at}`, key: `k${(at * at) % 5}` }));
      for (let from = 0; from < order.length; from += 250) {
        await publish(...order.slice(from, from + 250).map(({ id, key }) => event(id, key, { a: 1, b: 1 })));
      }
      await resultsAre(order.length);
      const inLog = [...log.results].sort((left, right) => (left.sequence < right.sequence ? -1 : 1));
      for (const key of new Set(order.map((each) => each.key))) {
        const wanted = order.filter((each) => each.key === key).map(({ id }) => id);
        expect(inLog.filter((each) => each.key === key).map(({ eventId }) => eventId)).toEqual(wanted);
      }
    });

    it.each([
      ['a feature that is not there', { a: 1 }, 'FEATURE_MISSING'],
      ['a feature of another type', { a: 1, b: 'two' }, 'FEATURE_INVALID'],
      ['a score that is no number', { a: 1, b: null }, 'SCORE_NOT_FINITE'],
      ['a score beyond all numbers', { a: 1.7e308, b: 1.7e308 }, 'SCORE_NOT_FINITE'],
    ])('gives %s to the dead letters at once, and its key goes on', async (_, data, reason) => {
      await create();
      await publish(event('1', 'k', { a: 1, b: 2 }), event('2', 'k', data), event('3', 'k', { a: 3, b: 4 }));
      await eventually('two results and a letter', () => log.results.length === 2 && log.letters.length === 1);
      expect(log.results.map(({ eventId }) => eventId)).toEqual(['1', '3']);
      expect(log.letters).toMatchObject([{ reason, attempts: 1, eventId: 'default/s:2:received' }]);
      expect(JSON.parse(log.letters[0]?.event ?? '')).toMatchObject({ id: '2', data });
      expect(await status()).toMatchObject({ dead_lettered: '1' });
    });

    it('gives what is no event of the stream to the dead letters', async () => {
      await create();
      const stream = { workspace: 'default', name: 's' };
      const good = receivedMessage(stream, { id: 'good', key: 'k', time: 1n, data: { a: 1, b: 1 } });
      const foreign = { ...good, id: 'foreign', data: Buffer.from(Buffer.from(good.data).toString().replace('s.received', 'z.received')) }; // prettier-ignore
      await made.harness.bus.publish([{ ...good, id: 'noise', data: Buffer.from('noise') }, foreign, good], NEVER);
      await resultsAre(1);
      await eventually('two letters', () => log.letters.length === 2);
      expect(log.letters.map(({ eventId, reason }) => [eventId, reason])).toEqual([
        ['noise', 'EVENT_INVALID'],
        ['foreign', 'EVENT_INVALID'],
      ]);
    });

    it('waits for its model, and charges the events nothing for it', async () => {
      await create({ model: 'late' });
      await publish(event('1', 'k', { a: 1, b: 2 }), event('2', 'k', { a: 3, b: 4 }));
      await eventually('the wait', async () => (await status())?.state === 'waiting for model');
      await new Promise((resolve) => setTimeout(resolve, 1_500)); // longer than an ack wait
      made.harness.publishKeyed('late', 1, sumModel(['a', 'b']), ['request:a', 'request:b']);
      await made.harness.moveAndSettle('late', 1);
      await resultsAre(2);
      expect(log.results.map(({ outputs }) => outputs['y'])).toEqual([3, 7]);
      expect(await status()).toMatchObject({ redelivered: '0', dead_lettered: '0', state: 'active' });
    });

    it('fetches features by key at the time of the event, unless the event brings them', async () => {
      const { harness } = made;
      harness.publishKeyed('keyed', 1, sumModel(['a', 'b']), ['view:n', 'request:a']);
      await harness.moveAndSettle('keyed', 1);
      const rows = new Map([['ORD', { eventTime: 1n, values: { n: 100 } }]]);
      harness.features.views.set('view', { joinKey: 'origin', types: { n: 'numbers' }, rows });
      await create({ model: 'keyed' });
      await publish(
        event('fetched', 'p', { origin: 'ORD', a: 1 }, 7_000_001n),
        event('same-time', 'q', { origin: 'ORD', a: 2 }, 7_000_001n),
        event('later', 'r', { origin: 'ORD', a: 3 }, 8_000_000n),
        event('brought', 's', { origin: 'ORD', a: 4, 'view:n': 1_000 }),
        event('unknown', 't', { origin: 'XXX', a: 5 }, 8_000_000n),
        event('no-key', 'u', { a: 6 }, 8_000_000n),
      );
      await eventually('all', () => log.results.length === 4 && log.letters.length === 2);
      const outputs = Object.fromEntries(log.results.map(({ eventId, outputs: told }) => [eventId, told['y']]));
      expect(outputs).toEqual({ fetched: 101, 'same-time': 102, later: 103, brought: 1_004 });
      // without any key the store cannot tell whom it is asked about
      expect(log.letters.map(({ reason }) => reason).sort()).toEqual(['INVALID_ARGUMENT', 'SCORE_NOT_FINITE']);
      const asked = harness.features.calls.map(({ request }) => request.as_of);
      expect(new Set(asked.map((time) => `${String(time?.seconds)}.${time?.nanos}`))).toEqual(
        new Set(['7.1000', '8.0']),
      );
    });

    it('waits for the feature store and for the table, and stores nothing twice for it', async () => {
      const { harness, tables } = made;
      harness.publishKeyed('keyed', 1, sumModel(['a', 'b']), ['view:n', 'request:a']);
      await harness.moveAndSettle('keyed', 1);
      const rows = new Map([['ORD', { eventTime: 1n, values: { n: 100 } }]]);
      harness.features.views.set('view', { joinKey: 'origin', types: { n: 'numbers' }, rows });
      harness.features.failure = storeIsAway();
      tables.failure = storeIsAway();
      await create({ model: 'keyed', table: 't', table_keys: ['origin'] });
      await publish(event('1', 'k', { origin: 'ORD', a: 1 }));
      await eventually('calls in vain', () => harness.features.calls.length >= 3);
      harness.features.failure = undefined;
      await eventually('writes in vain', () => tables.calls >= 3);
      expect(log.results).toEqual([]); // the table comes first
      tables.failure = undefined;
      await resultsAre(1);
      expect(tables.rows.get('t/ORD')).toMatchObject({ writes: 1, outputs: { y: 101 } });
      expect(await status()).toMatchObject({ redelivered: '0', dead_lettered: '0' });
    });

    it('names one version in each result while the alias moves, and drops no event', async () => {
      const { harness } = made;
      const swaps = 12;
      for (let version = 2; version <= swaps + 1; version += 1) {
        const [graph, features] = version % 2 === 0 ? [sumModel(['a']), ['request:a']] : [sumModel(['a', 'b']), ['request:a', 'request:b']]; // prettier-ignore
        harness.publishKeyed('m', version, graph, features);
      }
      await create();
      const progress = { published: 0, swapped: 0 };
      const publishing = (async () => {
        while (progress.swapped < swaps || progress.published < 6_000) {
          const from = progress.published;
          progress.published += 50;
          await publish(
            ...Array.from({ length: 50 }, (_, at) => event(`e${from + at}`, `k${at}`, { a: from + at, b: 0.5 })),
          );
        }
      })();
      for (let version = 2; version <= swaps + 1; version += 1) {
        await harness.moveAndSettle('m', version);
        await eventually(
          'results of this version',
          () => log.results.some((result) => result.version === `${version}`),
          WAIT_MS,
        );
        progress.swapped += 1;
      }
      await publishing;
      const total = progress.published;
      await resultsAre(total);
      expect(new Set(log.results.map(({ eventId }) => eventId)).size).toBe(total);
      expect(log.results).toHaveLength(total);
      const wrong = log.results.filter(({ eventId, version, outputs }) => {
        const a = Number(eventId.slice(1));
        return outputs['y'] !== (Number(version) % 2 === 0 ? a : a + 0.5);
      });
      expect(wrong).toEqual([]);
      expect(new Set(log.results.map(({ version }) => version)).size).toBe(swaps + 1);
    }, 60_000);

    it('scores as PredictionService does, bit for bit', async () => {
      await create();
      const values = Array.from({ length: 1_000 }, (_, at) => ({ a: Math.sin(at) * 1e3, b: Math.exp(at / 100) / 3 }));
      await publish(...values.map((data, at) => event(`e${at}`, `k${at % 11}`, data)));
      const answer = await made.harness.predictions.predict({
        model: 'm',
        request_features: {
          a: { numbers: { values: values.map(({ a }) => a) } },
          b: { numbers: { values: values.map(({ b }) => b) } },
        },
      });
      const asked = answer.outputs[0]?.values?.numbers?.values ?? [];
      await resultsAre(1_000);
      const streamed = new Map(log.results.map(({ eventId, outputs }) => [Number(eventId.slice(1)), outputs['y']]));
      expect(asked).toHaveLength(1_000);
      for (const [row, value] of asked.entries()) expect(Object.is(streamed.get(row), value), `row ${row}`).toBe(true);
    });

    it('ends with its definition, and begins anew under the name', async () => {
      await create();
      await expect(create()).rejects.toMatchObject({ reason: 'STREAM_EXISTS' });
      await publish(event('1', 'k', { a: 1, b: 1 }));
      await resultsAre(1);
      await made.harness.streams.deleteStream({ name: 's' });
      await made.harness.streams.deleteStream({ name: 's' });
      await expect(publish(event('2', 'k', { a: 1, b: 1 }))).rejects.toMatchObject({ reason: 'STREAM_NOT_FOUND' });
      const stream = { workspace: 'default', name: 's' };
      await made.harness.bus.publish([receivedMessage(stream, { id: 'between', key: 'k', time: 1n, data: { a: 1, b: 1 } })], NEVER); // prettier-ignore
      await create();
      await publish(event('3', 'k', { a: 3, b: 1 }));
      await resultsAre(2);
      expect(log.results.map(({ eventId }) => eventId)).toEqual(['1', '3']);
      await made.harness.streams.deleteStream({ name: 's' });
      await create({ from_beginning: true });
      await resultsAre(3); // those of before are known by their ids
      expect(log.results.map(({ eventId }) => eventId)).toEqual(['1', '3', 'between']);
    });

    it('refuses what cannot be scored', async () => {
      await expect(create({ table: 't' })).rejects.toMatchObject({ kind: 'invalid-argument' });
      await expect(create({ table_keys: ['a'] })).rejects.toMatchObject({ kind: 'invalid-argument' });
      await expect(create({ name: 'Not.A.Token' })).rejects.toMatchObject({ kind: 'invalid-argument' });
      await expect(publish(event('1', 'k', {}))).rejects.toMatchObject({ reason: 'STREAM_NOT_FOUND' });
      await create();
      const text = { id: '1', key: 'k', time_micros: '1', data_json: '[1]' };
      await expect(publish(text)).rejects.toMatchObject({ kind: 'invalid-argument' });
    });

    it('lists streams by page', async () => {
      for (const each of ['c', 'a', 'b']) await create({ name: each });
      const first = await made.harness.streams.listStreams({ page_size: 2 });
      expect(first.streams.map((stream) => stream.name)).toEqual(['a', 'b']);
      const rest = await made.harness.streams.listStreams({ page_size: 2, page_token: first.next_page_token });
      expect(rest.streams.map((stream) => stream.name)).toEqual(['c']);
      expect(rest.next_page_token).toBe('');
    });
  });
}
