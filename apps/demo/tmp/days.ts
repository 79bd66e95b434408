import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { mkdirSync } from 'node:fs';
import { startServer } from '../src/server.ts';
import { connectPrincipal, oneProcess } from '../src/connect.ts';
import { openFlights, packagedFlights } from '../src/flights.ts';
import { createScreen } from '../src/screen.ts';
import { fillStore } from '../src/steps/fill-store.ts';
import { learn } from '../src/steps/learn.ts';
import { approve } from '../src/steps/approve.ts';
import { predictOnline } from '../src/steps/predict-online.ts';
import { LATER_FILES, MONTHS, COMPARISON_FROM, STREAM_DAY } from '../src/dates.ts';
import { ingestPeriod } from '../src/stage.ts';
import { tellDays } from '../src/days/tell-days.ts';
import { fetchFlights } from '../src/days/flight-table.ts';
import { scoreStream } from '../src/score-stream.ts';
const slice = Number(process.argv[2] ?? 16);
const server = await startServer(false);
const { signal } = new AbortController();
const deps = {
  clock: systemClock,
  ids: createIdSource(systemClock, systemRandom),
  log: silentLogger,
  dataDirectory: server.folder,
};
const trainer = trainerLinearPlugin.create({}, deps);
const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), deps);
await trainer.open(signal);
await runtime.open(signal);
const addresses = oneProcess(`127.0.0.1:${server.ports.grpc}`, `127.0.0.1:${server.ports.inference}`);
const alice = connectPrincipal('alice', server.tokens.alice, addresses);
const bob = connectPrincipal('bob', server.tokens.bob, addresses);
const flights = await openFlights(packagedFlights(), slice);
const folder = `${server.folder}/files`;
mkdirSync(folder);
const t0 = performance.now();
let last = t0;
const lap = (what: string) => {
  const now = performance.now();
  console.log(`   [${((now - last) / 1000).toFixed(1)} s, ${((now - t0) / 1000).toFixed(1)} s] ${what}`);
  last = now;
};
const fakePipelines =
  process.argv[3] === 'fake'
    ? {
        applyPipeline: async () => ({}),
        listPipelineRuns: async () => {
          throw new Error('no pipelines yet');
        },
      }
    : alice.pipelines;
const stage: any = {
  alice: { ...alice, pipelines: fakePipelines },
  bob,
  trainer,
  runtime,
  signal,
  flights,
  folder,
  screen: createScreen(process.stdout, false, false),
  startedAt: Date.now(),
  attempt: (s: any) => s(),
  model: 'flight-delay',
  seed: 1,
  slice,
  rows: undefined,
};
try {
  await fillStore(stage);
  lap('fill');
  const l = await learn(stage);
  lap('learn');
  stage.rows = undefined;
  await approve(stage, l.scheduleOnly, l.withDelays);
  lap('approve');
  await predictOnline(stage, l.scheduleOnly, l.withDelays, 500);
  lap('online');
  for (const [name, period] of LATER_FILES) await ingestPeriod(stage, name, period);
  lap('ingest later');
  const b = await (
    await import('../src/score-batch.ts')
  ).scoreBatch(stage, (await import('../src/dates.ts')).MAY, (pid: number) => process.kill(pid, 'SIGKILL'));
  console.log(b);
  lap('batch');
  if (process.argv[4] !== 'nostream') {
    const f = await fetchFlights(stage, 'stream-day', STREAM_DAY);
    console.log(await scoreStream(stage, f, STREAM_DAY.from).catch((e: unknown) => e));
    lap('stream');
  }
  const d = await tellDays(
    stage,
    { scheduleOnly: l.scheduleOnly.version, withDelays: l.withDelays.version },
    { months: MONTHS, comparisonFrom: COMPARISON_FROM },
  );
  lap('days');
  const { runsOf } = await import('../src/inventory.ts'); const e = await alice.tracking.getExperiment({ name: 'flight-delay' }); console.log(JSON.stringify(await runsOf(alice, e.experiment!.experiment_id), null, 1));
  console.log(JSON.stringify({ ...d, losses: d.losses.slice(0, 3) }, null, 1));
} catch (e) {
  lap('failed');
  console.error(e);
} finally {
  console.log('server peak', server.peakMemoryBytes(), 'rss here', process.memoryUsage().rss);
  flights.close();
  await Promise.all([alice.close(), bob.close()]);
  await server.stop();
  process.exit(0);
}
