import type { BenchRow, Result, RowContext } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { INPUT, type LinearModel } from './linear-model.ts';
import { startLoad, type LoadMeasure } from './load-generator.ts';
import { batchesOf } from './requests.ts';
import { serveModels } from './served-model.ts';

const FEATURES = 16;
const CALLERS = 32;
const BATCHES = 1_024;

/** Infer over REST with binary tensors, one row on a model that costs next to nothing: what is measured is the server. */
export const inferRestRow: BenchRow = {
  name: 'infer-rest',
  title: 'REST infer, binary tensors, 1 row, against a bare node:http echo',
  run: async (context) => {
    await using opened = new Opened();
    const weights = context.random.floats('small weights', FEATURES);
    const model: LinearModel = { name: 'small', features: FEATURES, weights, intercept: 0.5 };
    const { process, stop } = await serveModels('none', [model]);
    opened.onEnd(stop);
    const { bodies, headers } = requestsOf(context, model);
    const http = { headers: { 'content-type': 'application/octet-stream', ...headers } };
    const path = `/v2/models/${model.name}/infer`;
    const target = { path, token: undefined, frames: bodies, http };
    const url = new URL(process.inferenceUrl);
    const bytes = (
      await (await fetch(new URL(path, url), { method: 'POST', body: bodies[0] ?? '', ...http })).arrayBuffer()
    ).byteLength;
    const echo = startChild('inference/http-echo-child');
    opened.onEnd(() => echo.stop());
    const loads = {
      ours: await startLoad({ address: url.host, ...target }, process.pid),
      echo: await startLoad({ address: await echo.ask<string>({ bytes }), ...target }, echo.pid),
    };
    for (const load of Object.values(loads)) opened.onEnd(() => load.stop());
    const closed = (seconds: number) => ({ kind: 'closed', seconds, inFlight: CALLERS }) as const;
    const { smoke, rounds } = context.options;
    for (const load of Object.values(loads)) await load.run(closed(smoke ? 0.25 : 8));
    const seconds = smoke ? 0.25 : 1.2;
    const measured = await interleave(
      { ours: () => loads.ours.run(closed(seconds)), echo: () => loads.echo.run(closed(seconds)) },
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

/** One row each, announced by one JSON text of the same length for all. */
function requestsOf({ random }: RowContext, { name, features }: LinearModel) {
  const input = { name: INPUT, datatype: 'FP32', shape: [1, features], parameters: { binary_data_size: features * 4 } };
  const json = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs: [input] }));
  const batches = batchesOf(random.floats(`${name} over REST`, BATCHES * features), 1, features);
  const bodies = batches.map(({ values }) =>
    Buffer.concat([json, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]),
  );
  return { bodies, headers: { 'inference-header-content-length': `${json.length}` } };
}

function resultsOf(ours: readonly LoadMeasure[], echo: readonly LoadMeasure[]): readonly Result[] {
  const compare = (what: string, unit: string, pick: (measure: LoadMeasure) => number) => ({
    work: `REST infer, binary tensors, 1 row: ${what}`,
    unit,
    ours: spreadOf(ours.map(pick)),
    limit: { name: 'node:http echo', value: spreadOf(echo.map(pick)) },
    ratio: ratioOf(ours.map(pick), echo.map(pick)),
  });
  const cpu = compare('server CPU per call', 'us', ({ cpuPerCall }) => cpuPerCall);
  const more = cpu.ours.median - cpu.limit.value.median;
  const cause = `${more.toFixed(0)} us of CPU more than the echo: the model, JSON of request and answer, checks, metrics`;
  return [{ ...compare('calls', '1/s', ({ callsPerSecond }) => callsPerSecond), budget: { atLeast: 0.7 }, cause }, cpu];
}
