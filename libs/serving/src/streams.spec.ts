import { temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { event, eventually, ResultLog, startStreams, withSumModel } from './testing/stream/stream-harness.ts';
import { streamSuite } from './testing/stream/stream-suite.ts';

streamSuite('the embedded bus');

it('refuses streams on a bus that forgets ids too soon, at their creation and at the start', async () => {
  using directory = temporaryDirectory();
  const { harness } = await startStreams({ directory: directory.path });
  await harness.streams.createStream({ name: 's', model: 'm' });
  await harness.stop();
  const bus = { deduplicationWindowMs: 60_000 };
  const refused = { kind: 'failed-precondition', reason: 'STREAM_WINDOW_UNSAFE' };
  const facts = expect.objectContaining({ deduplicationWindowMs: '60000', neededMs: '68220' });
  await expect(startStreams({ directory: directory.path, bus })).rejects.toMatchObject({ ...refused, facts });
  using empty = temporaryDirectory();
  const other = await startStreams({ directory: empty.path, bus });
  await expect(other.harness.streams.createStream({ name: 's', model: 'm' })).rejects.toMatchObject(refused);
  expect((await other.harness.streams.listStreams({})).streams).toEqual([]);
  await other.harness.stop();
});

it('goes on after a restart where it stopped', async () => {
  using directory = temporaryDirectory();
  const first = await startStreams({ directory: directory.path });
  await withSumModel(first.harness);
  await first.harness.streams.createStream({ name: 's', model: 'm' });
  await first.harness.streams.publishEvents({ stream: 's', events: [event('1', 'k', { a: 1, b: 1 })] });
  const log = await ResultLog.open(first.harness.bus, 's', 'before');
  await eventually('the first result', () => log.results.length === 1);
  await log.close();
  await first.harness.stop();

  const second = await startStreams({ directory: directory.path, registry: first.harness.registry });
  await second.harness.service.models.settled();
  const after = await ResultLog.open(second.harness.bus, 's', 'after');
  await second.harness.streams.publishEvents({ stream: 's', events: [event('2', 'k', { a: 2, b: 1 })] });
  await eventually('both results', () => after.results.length === 2);
  expect(after.results.map(({ eventId, outputs }) => [eventId, outputs['y']])).toEqual([
    ['1', 2],
    ['2', 3],
  ]);
  await after.close();
  await second.harness.stop();
});
