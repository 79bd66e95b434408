import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSlipway } from '@slipway/testing';
import type { BenchRow, Result, RowContext } from '../bench-row.ts';
import type { LinearModel } from '../inference/linear-model.ts';
import { startLoad } from '../inference/load-generator.ts';
import { batchesOf, framed, genericInfer, requestOf } from '../inference/requests.ts';
import { serveModels } from '../inference/served-model.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { spreadOf } from '../measure/spread.ts';
import { readMetric } from './read-metric.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const PROGRAMS = { source: 'apps/slipway/src/main.ts', bundle: 'dist/apps/slipway/main.js' };
const LAG_P99 = 'nodejs_eventloop_lag_p99_seconds';
const FEATURES = 16;
const CALLERS = 32;

/** What one process with all services costs a laptop. */
export const oneProcessRow: BenchRow = {
  name: 'one-process',
  title: 'start, idle memory and event-loop delay of the one-process mode',
  run: async (context) => [...(await starts(context)), ...(await underLoad(context))],
};

interface Start {
  readonly coldMs: number;
  readonly warmMs: number;
  readonly idleBytes: number;
}

async function starts(context: RowContext): Promise<readonly Result[]> {
  const { options, note, progress, signal } = context;
  const programs = Object.entries(PROGRAMS).filter(([name, path]) => {
    if (existsSync(join(ROOT, path))) return true;
    note(`${path} is not built: the lines of the ${name} are left out`);
    return false;
  });
  const contenders = Object.fromEntries(programs.map(([name, path]) => [name, () => startTwice(path, options.smoke)]));
  const measured = await interleave(contenders, options.rounds, {
    warmUp: false,
    signal,
    onRound: (round) => progress(`starts, round ${round} of ${options.rounds}`),
  });
  return programs.flatMap(([name]) => resultsOf(name, measured[name] ?? []));
}

/** First over an empty data directory, then again over what the first one left. */
async function startTwice(program: string, brief: boolean): Promise<Start> {
  await using opened = new Opened();
  const directory = opened.directory();
  const start = { app: 'slipway', program: join(ROOT, program), directory } as const;
  const cold = await startSlipway(start);
  await cold.stop();
  const warm = await startSlipway(start);
  try {
    await delay(brief ? 200 : 2_000); // what the start allocated is given back or not by then
    return { coldMs: cold.readyAfterMs, warmMs: warm.readyAfterMs, idleBytes: warm.residentBytes() ?? Number.NaN };
  } finally {
    await warm.stop();
  }
}

const resultsOf = (name: string, starts: readonly Start[]): readonly Result[] => [
  {
    work: `one process from ${name}: start to ready, empty data directory`,
    unit: 's',
    ours: spreadOf(starts.map(({ coldMs }) => coldMs / 1000)),
  },
  {
    work: `one process from ${name}: start to ready, again`,
    unit: 's',
    ours: spreadOf(starts.map(({ warmMs }) => warmMs / 1000)),
    budget: { atMost: 2 },
  },
  {
    work: `one process from ${name}: resident memory when idle`,
    unit: 'MB',
    ours: spreadOf(starts.map(({ idleBytes }) => idleBytes / 1e6)),
    budget: { atMost: 300 },
  },
];

/** As much load as the callers make: the delay is that of a saturated server. */
async function underLoad({ options, progress, random, signal }: RowContext): Promise<readonly Result[]> {
  await using opened = new Opened();
  const weights = random.floats('one process weights', FEATURES);
  const model: LinearModel = { name: 'small', features: FEATURES, weights, intercept: 0.5 };
  const { process, token, stop } = await serveModels('none', [model]);
  opened.onEnd(stop);
  const values = random.floats('one process', 1024 * FEATURES);
  const frames = batchesOf(values, 1, FEATURES).map((batch) =>
    framed(genericInfer.requestSerialize(requestOf(model, batch))),
  );
  const target = { address: process.inferenceAddress, path: genericInfer.path, token, frames };
  const load = await startLoad(target, process.pid);
  opened.onEnd(() => load.stop());
  const seconds = options.smoke ? 0.3 : 2;
  const lagDuring = async (work: () => Promise<unknown>): Promise<number> => {
    await readMetric(process.metricsUrl, LAG_P99); // begins a new window
    await work();
    return (await readMetric(process.metricsUrl, LAG_P99)) * 1000;
  };
  const contenders = {
    loaded: () => lagDuring(() => load.run({ kind: 'closed', seconds, inFlight: CALLERS })),
    idle: () => lagDuring(() => delay(seconds * 1000)),
  };
  const { loaded, idle } = await interleave(contenders, options.rounds, {
    warmUp: true,
    signal,
    onRound: (round) => progress(`event-loop delay, round ${round} of ${options.rounds}`),
  });
  const ours = spreadOf(loaded);
  const cause =
    `the idle process reads ${spreadOf(idle).median.toFixed(1)} ms here (the sampling interval of 10 ms is in both); ` +
    `the best round under load reads ${ours.min.toFixed(1)} ms; models run on the event loop and ${CALLERS} callers saturate it`;
  return [
    {
      work: `one process: event-loop delay p99 with ${CALLERS} callers of infer`,
      unit: 'ms',
      ours,
      budget: { atMost: 20 },
      cause,
    },
    { work: 'one process: event-loop delay p99 when idle', unit: 'ms', ours: spreadOf(idle) },
  ];
}
