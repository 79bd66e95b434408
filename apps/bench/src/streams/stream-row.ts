import type { BenchRow } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import type { LatencyMeasure, StreamPlan } from './stream-plan.ts';

const EVENTS = { full: 30_000, smoke: 2_000 };

/** Events scored with one effect each, against a consumer that only passes events on. */
export const streamRow: BenchRow = {
  name: 'stream',
  title: 'stream scoring on the embedded bus, against bare consume, publish and acknowledge on the same bus',
  run: async ({ options, note, progress, signal }) => {
    await using opened = new Opened();
    const child = startChild('streams/stream-child');
    opened.onEnd(() => child.stop());
    const { smoke, rounds, seed } = options;
    const directory = opened.directory();
    const events = smoke ? EVENTS.smoke : EVENTS.full;
    const ask = <Answer>(plan: StreamPlan): Promise<Answer> => child.ask<Answer>(plan);
    const through = (side: 'ours' | 'bare') => () => ask<number>({ side, directory, events, seed });
    const { ours, bare } = await interleave({ ours: through('ours'), bare: through('bare') }, rounds, {
      warmUp: true,
      signal,
      onRound: (round) => progress(`backlog of ${events} events, round ${round} of ${rounds}`),
    });
    const rate = spreadOf(ours);
    const seconds = smoke ? 0.5 : 4;
    const perSecond = Math.floor(rate.median / 2);
    const loaded: LatencyMeasure[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      signal.throwIfAborted();
      progress(`${perSecond} events/s, round ${round} of ${rounds}`);
      loaded.push(await ask<LatencyMeasure>({ perSecond, seconds, directory, seed }));
    }
    const p50 = spreadOf(loaded.map((measure) => measure.p50));
    note(
      `stream latencies are of the process that also publishes the events, to the millisecond, p50 ${p50.median.toFixed(0)} ms`,
    );
    return [
      {
        work: `stream scoring on the embedded bus, backlog of ${events} events`,
        unit: 'events/s',
        ours: rate,
        limit: { name: 'bare consumer', value: spreadOf(bare) },
        ratio: ratioOf(ours, bare),
        budget: { atLeast: 0.5 },
      },
      {
        work: 'stream scoring on the embedded bus',
        unit: 'events/s',
        ours: rate,
        budget: { atLeast: 15_000 },
      },
      {
        work: `stream scoring: p99 from stored event to stored result at ${perSecond} events/s, half of that`,
        unit: 'ms',
        ours: spreadOf(loaded.map(({ p99 }) => p99)),
        budget: { atMost: 10 },
      },
    ];
  },
};
