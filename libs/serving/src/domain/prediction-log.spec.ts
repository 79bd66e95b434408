import { silentLogger, UnavailableError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { ManualClock, quiesce } from '../testing/manual-clock.ts';
import type { LoggedCall } from './logged-call.ts';
import { PredictionLog, type PredictionLogOptions, type PredictionSink } from './prediction-log.ts';
import { StageClock } from './stages.ts';

/** Takes what it is given as it is told to. */
class ScriptedSink implements PredictionSink {
  readonly batches: { readonly ids: readonly string[]; readonly dropped: number }[] = [];
  failure: Error | undefined;
  lost = 0;
  pause: Promise<void> = Promise.resolve();

  async publish(calls: readonly LoggedCall[], dropped: number): Promise<number> {
    await this.pause;
    if (this.failure) throw this.failure;
    this.batches.push({ ids: calls.flatMap(({ predictionIds }) => predictionIds), dropped });
    return this.lost;
  }

  get ids(): readonly string[] {
    return this.batches.flatMap(({ ids }) => ids);
  }
}

const stages = new StageClock(new ManualClock(), 'queue').end();
const callOf = (...ids: string[]): LoggedCall => ({
  workspace: 'default',
  model: 'm',
  alias: 'champion',
  version: 1n,
  digest: 'd',
  time: 1n,
  objective: '',
  requestId: 'r',
  stages,
  predictionIds: ids,
  outputs: [],
  numberFeatures: [],
  textFeatures: [],
  views: [],
  units: [],
  unitOfRow: [],
  shadows: [],
});

async function start(options: Partial<PredictionLogOptions> = {}) {
  const [clock, sink] = [new ManualClock(), new ScriptedSink()];
  const dropped: number[] = [];
  const log = new PredictionLog({
    sink,
    clock,
    rowsMax: 10,
    batchRows: 4,
    flushMs: 1_000,
    publishTimeoutMs: 5_000,
    log: silentLogger,
    onDropped: (rows) => void dropped.push(rows),
    ...options,
  });
  await log.start();
  await quiesce();
  return { clock, sink, log, dropped };
}

describe('PredictionLog', () => {
  it('sends what has waited long enough', async () => {
    const { clock, sink, log } = await start();
    log.add(callOf('a'));
    await clock.advance(999);
    expect(sink.ids).toEqual([]);
    await clock.advance(1);
    expect(sink.ids).toEqual(['a']);
    log.add(callOf('b'));
    await clock.advance(1_000);
    expect(sink.ids).toEqual(['a', 'b']);
    expect(log.waiting).toBe(0);
    await log.stop();
  });

  it('sends at once when a batch is full, again and again', async () => {
    const { sink, log } = await start();
    for (const round of ['1', '2', '3']) {
      for (const id of ['a', 'b', 'c', 'd']) log.add(callOf(`${id}${round}`));
      await quiesce();
    }
    expect(sink.batches.map(({ ids }) => ids.length)).toEqual([4, 4, 4]);
    await log.stop();
  });

  it('drops what the buffer has no room for, counts it, and tells it with the next batch', async () => {
    const { clock, sink, log, dropped } = await start();
    const gate = Promise.withResolvers<void>();
    sink.pause = gate.promise;
    for (let id = 0; id < 20; id += 1) log.add(callOf(`${id}`));
    log.add(callOf('x', 'y'));
    expect(log.dropped).toBe(12);
    expect(dropped).toEqual([...Array<number>(10).fill(1), 2]);
    gate.resolve();
    await quiesce();
    await clock.advance(1_000);
    expect(sink.ids).toEqual(Array.from({ length: 10 }, (_, id) => `${id}`));
    expect(sink.batches.at(-1)?.dropped).toBe(12);
    await log.stop();
  });

  it('counts what the bus refuses or cannot carry, and goes on', async () => {
    const { sink, log, dropped } = await start();
    sink.failure = new UnavailableError('no broker');
    for (const id of ['a', 'b', 'c', 'd']) log.add(callOf(id));
    await quiesce();
    sink.failure = undefined;
    sink.lost = 1;
    for (const id of ['e', 'f', 'g', 'h']) log.add(callOf(id));
    await quiesce();
    expect(sink.ids).toEqual(['e', 'f', 'g', 'h']);
    expect(dropped).toEqual([4, 1]);
    expect(log.dropped).toBe(5);
    await log.stop();
  });

  it('does not wait for ever for a bus that hangs', async () => {
    const { clock, sink, log, dropped } = await start();
    sink.pause = new Promise(() => undefined);
    for (const id of ['a', 'b', 'c', 'd']) log.add(callOf(id));
    await quiesce();
    await clock.advance(5_000);
    expect(dropped).toEqual([4]);
    sink.pause = Promise.resolve();
    log.add(callOf('e'));
    await log.stop();
    expect(sink.ids).toEqual(['e']);
  });

  it('sends the rest when it drains, and takes nothing afterwards', async () => {
    const { sink, log } = await start();
    log.add(callOf('a'));
    log.add(callOf('b', 'c'));
    await log.drain();
    expect(sink.ids).toEqual(['a', 'b', 'c']);
    log.add(callOf('late'));
    await log.stop();
    expect(sink.ids).toEqual(['a', 'b', 'c']);
    expect(log.dropped).toBe(1);
  });
});
