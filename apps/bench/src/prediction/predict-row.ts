import { predictionService } from '@slipway/contracts/slipway.serving.v1';
import type { BenchRow, Result } from '../bench-row.ts';
import { startLoad } from '../inference/load-generator.ts';
import { framed } from '../inference/requests.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { KEYS, keyedRows, keyOf, MODEL } from './keyed-model.ts';
import { serveByKey } from './serve-by-key.ts';

/** Predict of one row by key with eight features of the online store, one call after the other: what the server adds to each. */
export const predictRow: BenchRow = {
  name: 'predict',
  title: 'prediction by entity key, 8 features of the online store, against an echo with the same answer',
  run: async (context) => {
    await using opened = new Opened();
    const { csv, scores } = keyedRows(context.random);
    context.progress('bringing features online and a model to answer');
    const { process, answer, stop } = await serveByKey(csv, scores);
    opened.onEnd(stop);
    const echo = startChild('prediction/echo-child');
    opened.onEnd(() => echo.stop());
    const { path, wire } = predictionService.methods.predict;
    const frames = Array.from({ length: KEYS }, (_, row) =>
      framed(wire.requestSerialize({ model: MODEL, entities: { id: { strings: { values: [keyOf(row)] } } } })),
    );
    const target = { path, token: undefined, frames };
    const loads = {
      ours: await startLoad({ address: process.inferenceAddress, ...target }, process.pid),
      echo: await startLoad({ address: await echo.ask<string>({ answer }), ...target }, echo.pid),
    };
    for (const load of Object.values(loads)) opened.onEnd(() => load.stop());
    const { smoke, rounds } = context.options;
    const plan = (seconds: number, inFlight: number) => ({ kind: 'closed', seconds, inFlight }) as const;
    for (const load of Object.values(loads)) await load.run(plan(smoke ? 0.25 : 6, 8));
    const seconds = smoke ? 0.25 : 1.2;
    const measured = await interleave(
      { ours: () => loads.ours.run(plan(seconds, 1)), echo: () => loads.echo.run(plan(seconds, 1)) },
      rounds,
      {
        warmUp: true,
        signal: context.signal,
        onRound: (round) => context.progress(`round ${round} of ${rounds}`),
      },
    );
    return resultsOf(measured.ours, measured.echo);
  },
};

type Measure = { readonly latencyP50: number; readonly latencyP99: number; readonly cpuPerCall: number };

function resultsOf(ours: readonly Measure[], echo: readonly Measure[]): readonly Result[] {
  const added = ours.map(({ latencyP50 }, round) => latencyP50 - (echo[round]?.latencyP50 ?? Number.NaN));
  const compare = (what: string, unit: string, pick: (measure: Measure) => number): Result => ({
    work: `prediction by entity key, 1 caller: ${what}`,
    unit,
    ours: spreadOf(ours.map(pick)),
    limit: { name: 'echo', value: spreadOf(echo.map(pick)) },
    ratio: ratioOf(ours.map(pick), echo.map(pick)),
  });
  return [
    {
      work: 'prediction by entity key, 1 caller: p50 added to that of the echo',
      unit: 'ms',
      ours: spreadOf(added),
      budget: { atMost: 1 },
      cause: 'the trailer slipway-latency-ms of each call tells where its time goes',
    },
    compare('p50', 'ms', ({ latencyP50 }) => latencyP50),
    compare('p99', 'ms', ({ latencyP99 }) => latencyP99),
    compare('server CPU per call', 'us', ({ cpuPerCall }) => cpuPerCall),
  ];
}
