import type { BenchRow } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { FEATURES_PER_ROW, type ScorePlan, type ScoreSide } from './score-plan.ts';

const ROWS = { full: 1_000_000, smoke: 50_000 };

/** The worker of scoring jobs against the slower of what it stands on: reading the rows, and running the model over rows that are there. */
export const batchRow: BenchRow = {
  name: 'batch',
  title: 'scoring of a Parquet file by the worker of jobs, against a bare scan and the bare runtime',
  run: async ({ options, note, progress, signal }) => {
    await using opened = new Opened();
    const child = startChild('batch/score-child');
    opened.onEnd(() => child.stop());
    const rows = options.smoke ? ROWS.smoke : ROWS.full;
    progress(`writing ${rows} rows`);
    const directory = opened.directory();
    const same = await child.ask<number>({ directory, rows, seed: options.seed } satisfies ScorePlan);
    note(`the worker has written for all ${same} rows, bit for bit, what the bare runtime answers`);
    const pass = (side: ScoreSide) => () => child.ask<number>({ side } satisfies ScorePlan);
    const sides = { worker: pass('worker'), scan: pass('scan'), runtime: pass('runtime') };
    const { worker, scan, runtime } = await interleave(sides, options.rounds, {
      warmUp: true,
      signal,
      onRound: (round) => progress(`round ${round} of ${options.rounds}`),
    });
    const slower = scan.map((value, round) => Math.min(value, runtime[round] ?? Number.NaN));
    const [scanned, ran] = [spreadOf(scan).median, spreadOf(runtime).median];
    const alone = 1 / (1 / scanned + 1 / ran);
    const cause =
      `a bare scan reads ${inMillions(scanned)} M rows/s and the bare runtime scores ${inMillions(ran)} M rows/s; ` +
      `one after the other they would make ${inMillions(alone)} M rows/s, and the worker also writes its output, flushed and hashed`;
    note(cause);
    return [
      {
        work: `batch scoring, ${rows} distinct rows of ${FEATURES_PER_ROW} features, one worker, Parquet to Parquet`,
        unit: 'rows/s',
        ours: spreadOf(worker),
        limit: { name: ran < scanned ? 'bare runtime' : 'bare scan', value: spreadOf(slower) },
        ratio: ratioOf(worker, slower),
        budget: { atLeast: 0.7 },
        cause,
      },
    ];
  },
};

const inMillions = (rate: number): string => (rate / 1e6).toFixed(2);
