import { featureStoreService, type GetOnlineFeaturesResponse__Output } from '@slipway/contracts/slipway.features.v1';
import type { BenchRow, Budget, Result, RowContext } from '../bench-row.ts';
import { startLoad, type LoadGenerator, type LoadMeasure } from '../inference/load-generator.ts';
import { framed } from '../inference/requests.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { FEATURES, KEYS, keysOfCalls, wideValues } from './measured-view.ts';
import type { OnlineEchoPlan } from './online-echo-child.ts';
import { requestFor, serveFeatures, type OnlineFeatures } from './online-store.ts';

interface Shape {
  readonly rows: number;
  /** Distinct calls, used in turn. */
  readonly calls: number;
  readonly inFlight: number;
  /** Of calls/s, ours over the echo's. */
  readonly budget: Budget;
}

const SHAPES: readonly Shape[] = [
  { rows: 1, calls: KEYS, inFlight: 16, budget: { atLeast: 0.7 } },
  { rows: 100, calls: 1_000, inFlight: 8, budget: { atLeast: 0.5 } },
];
/** As the generated code numbers what the contract names. */
const PRESENT = 1;

/** GetOnlineFeatures of one and of a hundred keys, every call other ones. */
export const onlineRow: BenchRow = {
  name: 'online',
  title: 'online read of 1 x 50 and 100 x 50 features against an echo with the same bytes',
  run: async (context) => {
    await using opened = new Opened();
    context.progress(`bringing ${KEYS} keys with ${FEATURES.length} features online`);
    const store = await serveFeatures(wideValues(context.options.seed));
    opened.onEnd(store.stop);
    const results: Result[] = [];
    for (const shape of SHAPES) results.push(...resultsOf(shape, await measure(context, store, shape)));
    return results;
  },
};

type Measured = Readonly<Record<'ours' | 'echo' | 'bytes', readonly LoadMeasure[]>>;

async function measure(context: RowContext, store: OnlineFeatures, shape: Shape): Promise<Measured> {
  await using opened = new Opened();
  const keys = keysOfCalls(shape.calls, shape.rows);
  const { path, wire } = featureStoreService.methods.getOnlineFeatures;
  const frames = keys.map((list) => framed(wire.requestSerialize(requestFor(list))));
  const answer = await store.answerTo(keys[1] ?? []);
  const open = async (address: string, pid: number): Promise<LoadGenerator> => {
    const load = await startLoad({ address, path, token: undefined, frames }, pid);
    opened.onEnd(() => load.stop());
    return load;
  };
  const echo = async (plan: OnlineEchoPlan): Promise<LoadGenerator> => {
    const child = startChild('features/online-echo-child');
    opened.onEnd(() => child.stop());
    return open(await child.ask<string>(plan), child.pid);
  };
  const loads = {
    ours: await open(store.process.grpcAddress, store.process.pid),
    echo: await echo({ message: asSent(answer) }),
    bytes: await echo({ bytes: wire.responseSerialize(answer) }),
  };
  const { smoke, rounds } = context.options;
  const run = (load: LoadGenerator, seconds: number) => () =>
    load.run({ kind: 'closed', seconds, inFlight: shape.inFlight });
  for (const load of Object.values(loads)) await run(load, smoke ? 0.25 : 6)();
  const seconds = smoke ? 0.25 : 1.5;
  return await interleave(
    { ours: run(loads.ours, seconds), echo: run(loads.echo, seconds), bytes: run(loads.bytes, seconds) },
    rounds,
    {
      warmUp: true,
      signal: context.signal,
      onRound: (round) => context.progress(`${shape.rows} x ${FEATURES.length}, round ${round} of ${rounds}`),
    },
  );
}

/** The same message in the form that is cheapest to encode, which is also how our server has it: numbers, not names and decimal text. */
const asSent = ({ features, views }: GetOnlineFeaturesResponse__Output): object => ({
  features: features.map((vector) => ({ ...vector, statuses: vector.statuses.map(() => PRESENT) })),
  views: views.map((view) => ({ ...view, event_time_micros: view.event_time_micros.map(Number) })),
});

function resultsOf({ rows, inFlight, budget }: Shape, { ours, echo, bytes }: Measured): readonly Result[] {
  const compare = (
    what: string,
    unit: string,
    limit: { readonly name: string; readonly of: readonly LoadMeasure[] },
    pick: (measure: LoadMeasure) => number,
  ): Result => ({
    work: `online read, ${rows} x ${FEATURES.length}, ${inFlight} callers: ${what}`,
    unit,
    ours: spreadOf(ours.map(pick)),
    limit: { name: limit.name, value: spreadOf(limit.of.map(pick)) },
    ratio: ratioOf(ours.map(pick), limit.of.map(pick)),
  });
  const encoding = { name: 'echo', of: echo };
  const ready = { name: 'echo of ready bytes', of: bytes };
  const cpu = compare('server CPU per call', 'us', encoding, ({ cpuPerCall }) => cpuPerCall);
  const bare = compare('server CPU per call', 'us', ready, ({ cpuPerCall }) => cpuPerCall);
  const codec = (cpu.limit?.value.median ?? Number.NaN) - (bare.limit?.value.median ?? Number.NaN);
  const rest = cpu.ours.median - (cpu.limit?.value.median ?? Number.NaN);
  const cause =
    `of ${cpu.ours.median.toFixed(0)} us a call ${(bare.limit?.value.median ?? Number.NaN).toFixed(0)} us are transport and the request, ` +
    `${codec.toFixed(0)} us the encoding of the answer, ${rest.toFixed(0)} us reading, checks, metrics and trailer`;
  return [
    { ...compare('calls', '1/s', encoding, ({ callsPerSecond }) => callsPerSecond), budget, cause },
    cpu,
    compare('p99', 'ms', encoding, ({ latencyP99 }) => latencyP99),
    compare('calls', '1/s', ready, ({ callsPerSecond }) => callsPerSecond),
    bare,
  ];
}
