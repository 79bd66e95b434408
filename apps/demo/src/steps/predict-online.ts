import { join } from 'node:path';
import { readTrainingTable } from '@slipway/training-data';
import { scoreTable } from '@slipway/training-run';
import { promote } from '../champion.ts';
import { ASKED_AT, ONLINE } from '../dates.ts';
import { materialize } from '../feature-store.ts';
import { SCHEDULE_FEATURES } from '../flights.ts';
import { departuresOf, predictByKey, predictRequest, withOnlineDelays } from '../predict.ts';
import { thousands, type Release, type Stage } from '../stage.ts';
import { STAGES, swapUnderLoad, type SwapOutcome } from '../swap.ts';

/** Predictions by key while the version changes. */
export async function predictOnline(
  stage: Stage,
  worse: Release,
  better: Release,
  calls: number,
): Promise<{ readonly onlineRows: number; readonly swap: SwapOutcome }> {
  const { alice, screen, model, runtime, signal, attempt } = stage;
  screen.step(`Predict by key, and swap the version during ${thousands(calls)} calls`);
  const onlineRows = await attempt(() => materialize(alice, `${model}-materialize`, (text) => screen.progress(text)));
  screen.result(`delays of ${thousands(onlineRows)} origins are online`);
  const file = join(stage.folder, 'online-entities.parquet');
  await stage.flights.exportEntityRows(ONLINE, { rows: 2_000, seed: stage.seed }, file);
  const columns = ['origin', ...SCHEDULE_FEATURES].map((name) => ({ name }));
  const departures = departuresOf(await readTrainingTable(file, { id: 'online', columns, signal: stage.signal }));
  const table = await attempt(() => withOnlineDelays(alice, departures, ASKED_AT));
  const expect = ({ model: bytes, features }: Release): Promise<Float64Array> =>
    scoreTable(runtime, { model: bytes, format: 'onnx' }, table, features, signal);
  const swap = await swapUnderLoad({
    rows: table.rows,
    calls,
    predict: (row) =>
      attempt(() => predictByKey(alice.predictions, predictRequest(model, departures, [row, row + 1], ASKED_AT))),
    expected: { [worse.version]: await expect(worse), [better.version]: await expect(better) },
    swap: () => attempt(() => promote(alice, { model, version: better.version })),
    onProgress: (done) => screen.progress(`${thousands(done)} of ${thousands(calls)} calls`),
  });
  const answered = Object.entries(swap.byVersion).map(([name, count]) => `${thousands(count)} by version ${name}`);
  const counts = `${thousands(swap.calls)} calls, ${swap.failed} failed, ${swap.wrong} wrong`;
  screen.result(`${counts}; ${answered.join(', ')}; p99 ${swap.latencyMsP99.toFixed(1)} ms`);
  const stages = STAGES.map((name) => `${name.replace('_', ' ')} ${Math.round(swap.stageMicrosP50[name])}`);
  screen.result(
    `where the time of a call goes, median µs: ${stages.join(', ')}; together ${Math.round(swap.serverMicrosP50)}`,
  );
  screen.look(`npm run slipway -- aliases ${model}`);
  return { onlineRows, swap };
}
