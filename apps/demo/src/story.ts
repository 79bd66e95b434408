import type { TrainingTable } from '@slipway/plugin-kit';
import { readTrainingTable } from '@slipway/training-data';
import { labelsOf, openExperiment, scoreTable, type LearningSet } from '@slipway/training-run';
import { join } from 'node:path';
import { CHAMPION, promote, refused, setChampionPolicy } from './champion.ts';
import { applyRepository, materialize, repositoryFolder } from './feature-store.ts';
import { DELAY_FEATURES, SCHEDULE_FEATURES, TARGET, type Period } from './flights.ts';
import { departuresOf, predictByKey, predictRequest, withOnlineDelays } from './predict.ts';
import { ingestPeriod, learnableOf, release, show, thousands, type Release, type Stage } from './stage.ts';
import { fetchFlights } from './days/flight-table.ts';
import { tellDays, type Calendar, type DaysOutcome } from './days/tell-days.ts';
import { scoreBatch, type BatchOutcome } from './score-batch.ts';
import { scoreStream, type StreamOutcome } from './score-stream.ts';
import { STAGES, swapUnderLoad, type SwapOutcome } from './swap.ts';
import { baselineOf, linearOptions, qualityOf, trainLateness, type Quality } from './train.ts';

export const MODEL = 'flight-delay';
export const DATASET = 'flights-2001-04-01..07';
const TRAINING: Period = { from: '2001-01-01', until: '2001-04-01' };
const EVALUATION: Period = { from: '2001-04-01', until: '2001-04-08' };
/** The flights of the day after what the store has seen, asked about at six in the morning. */
const ONLINE: Period = { from: '2001-04-08', until: '2001-04-09' };
const ASKED_AT = Date.UTC(2001, 3, 8, 6) / 1000;
const MONTHS: readonly (readonly [name: string, period: Period])[] = [
  ['flights-2001-01', { from: '2001-01-01', until: '2001-02-01' }],
  ['flights-2001-02', { from: '2001-02-01', until: '2001-03-01' }],
  ['flights-2001-03', { from: '2001-03-01', until: '2001-04-01' }],
  ['flights-2001-04-01..07', EVALUATION],
];
/** What comes after the first predictions. */
const LATER: readonly (readonly [name: string, period: Period])[] = [
  ['flights-2001-04-08..30', { from: '2001-04-08', until: '2001-05-01' }],
  ['flights-2001-05', { from: '2001-05-01', until: '2001-06-01' }],
  ['flights-2001-06', { from: '2001-06-01', until: '2001-07-01' }],
];
const MAY: Period = { from: '2001-05-01', until: '2001-06-01' };
const STREAM_DAY: Period = { from: '2001-05-15', until: '2001-05-16' };
const CALENDAR: Calendar = {
  months: [{ from: '2001-04-01', until: '2001-05-01' }, MAY, { from: '2001-06-01', until: '2001-07-01' }],
  comparisonFrom: '2001-04-08',
};
const WITH_DELAYS = [...SCHEDULE_FEATURES, ...DELAY_FEATURES];

export interface StoryOutcome {
  readonly acceptedRows: number;
  readonly quarantinedRows: number;
  readonly breaches: Readonly<Record<string, number>>;
  readonly trainingRows: number;
  readonly evaluationRows: number;
  readonly trainingSetId: string;
  readonly baseline: Quality;
  readonly scheduleOnly: Quality;
  readonly withDelays: Quality;
  /** A model that learned from a leaking join, judged by the same leaking join: what a careless evaluation reports. */
  readonly leaking: Quality;
  /** The same model on what is really known at the time. */
  readonly leakingInTruth: Quality;
  readonly gateRefusal: string;
  readonly ownApprovalRefusal: string;
  readonly onlineRows: number;
  readonly swap: SwapOutcome;
  readonly batch: BatchOutcome;
  readonly stream: StreamOutcome;
  readonly days: DaysOutcome;
}

/**
 * From raw rows to a model in use, and what becomes of it: features, training without a leak, approval, a swap that nobody notices, a batch whose
 * worker dies, a stream, a comparison on live flights, drift, a retraining, and a rollback.
 */
export async function tellStory(stage: Stage, calls: number): Promise<StoryOutcome> {
  const ingested = await fillStore(stage);
  const learned = await learn(stage);
  const { scheduleOnly, withDelays } = learned;
  const refusals = await approve(stage, scheduleOnly, withDelays);
  const online = await predictOnline(stage, scheduleOnly, withDelays, calls);
  const { message: gateRefusal } = await stage.attempt(() =>
    refused(() =>
      stage.alice.registry.moveAlias({ model: stage.model, version: scheduleOnly.version, alias: CHAMPION }),
    ),
  );
  stage.screen.result(`back to the worse version is refused: ${gateRefusal}`);
  const scored = await scoreOffline(stage);
  stage.screen.step('April to June, day by day: two versions side by side, drift, a retraining, a rollback');
  const versions = { scheduleOnly: scheduleOnly.version, withDelays: withDelays.version };
  const days = await tellDays(stage, versions, CALENDAR);
  stage.screen.look('npm run slipway -- routing experiments');
  return {
    ...ingested,
    ...scored,
    days,
    trainingRows: learned.trainingRows,
    evaluationRows: learned.evaluationRows,
    trainingSetId: learned.trainingSetId,
    baseline: learned.baseline,
    scheduleOnly: scheduleOnly.quality,
    withDelays: withDelays.quality,
    leaking: learned.leaking,
    leakingInTruth: learned.leakingInTruth,
    ...refusals,
    gateRefusal,
    ...online,
  };
}

async function fillStore(stage: Stage): Promise<Pick<StoryOutcome, 'acceptedRows' | 'quarantinedRows' | 'breaches'>> {
  const { alice, screen } = stage;
  screen.step('Apply the feature repository and ingest the flights of January to 7 April 2001');
  const changes = await stage.attempt(() =>
    applyRepository(alice.features, repositoryFolder(), `${stage.model}-repository`),
  );
  screen.result(`applied: ${changes.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`);
  let [acceptedRows, quarantinedRows] = [0, 0];
  const breaches: Record<string, number> = {};
  for (const [name, period] of MONTHS) {
    const ingested = await ingestPeriod(stage, name, period);
    acceptedRows += ingested.accepted;
    quarantinedRows += ingested.quarantined;
    for (const [breach, rows] of Object.entries(ingested.breaches)) breaches[breach] = (breaches[breach] ?? 0) + rows;
  }
  const broken = Object.entries(breaches).map(([breach, rows]) => `${rows} by ${breach}`);
  screen.result(
    `${thousands(acceptedRows)} flights; ${quarantinedRows} broke the contract and are kept aside: ${broken.join(', ')}`,
  );
  screen.look('npm run slipway -- features ingestions');
  return { acceptedRows, quarantinedRows, breaches };
}

interface Honest extends Pick<StoryOutcome, 'trainingRows' | 'evaluationRows' | 'trainingSetId' | 'baseline'> {
  readonly scheduleOnly: Release;
  readonly withDelays: Release;
}

async function learn(stage: Stage): Promise<Honest & Pick<StoryOutcome, 'leaking' | 'leakingInTruth'>> {
  const { alice, bob, screen, model } = stage;
  screen.step('Join features as of the time of each flight, train, log the runs, register versions');
  const evaluation = await learnableOf(stage, 'flights-april', EVALUATION, { leaking: false });
  const described = { name: model, description: 'Will this flight leave more than 15 minutes late?' };
  await stage.attempt(() => alice.registry.createRegisteredModel({ ...described, request_id: `${model}-create` }));
  await stage.attempt(() => setChampionPolicy(bob, model, DATASET));
  const honest = await learnHonestly(stage, evaluation); // its training set is gone before the next one is read
  const leak = await learnFromLeak(stage, evaluation.table);
  screen.result(
    `a join that lets in what was learned later promises ${show(leak.leaking)}; on what is known at the time that model has ${show(leak.leakingInTruth)}. True is ${show(honest.withDelays.quality)}`,
  );
  screen.look(`npm run slipway -- runs ${model}`);
  return { ...honest, ...leak };
}

async function learnHonestly(stage: Stage, evaluation: LearningSet): Promise<Honest> {
  const { alice, screen, model } = stage;
  const training = await learnableOf(stage, 'flights-q1', TRAINING, { leaking: false });
  const [trainingRows, evaluationRows] = [training.table.rows, evaluation.table.rows];
  screen.result(
    `training set ${training.set.id.slice(0, 12)}: ${thousands(trainingRows)} flights; to judge by: ${thousands(evaluationRows)} of 1 to 7 April`,
  );
  const experimentId = await stage.attempt(() => openExperiment(alice.tracking, model));
  const judged = { ...evaluation, dataset: DATASET };
  const plan = { experimentId, options: linearOptions(1), training, evaluation: judged };
  const scheduleOnly = await release(stage, { ...plan, features: SCHEDULE_FEATURES, description: 'schedule only' });
  sayRelease(stage, scheduleOnly, 'schedule only');
  const withDelays = await release(stage, { ...plan, features: WITH_DELAYS, description: 'with delays' });
  sayRelease(stage, withDelays, 'with the delays known at the time');
  const baseline = baselineOf(labelsOf(training.table, TARGET), labelsOf(evaluation.table, TARGET));
  return { trainingRows, evaluationRows, trainingSetId: training.set.id, baseline, scheduleOnly, withDelays };
}

const sayRelease = ({ screen }: Stage, made: Release, what: string): void =>
  screen.result(
    `version ${made.version}, ${what}: trained in ${made.trainedInSeconds.toFixed(1)} s, ${show(made.quality)} on 1 to 7 April`,
  );

async function learnFromLeak(
  stage: Stage,
  honest: TrainingTable,
): Promise<Pick<StoryOutcome, 'leaking' | 'leakingInTruth'>> {
  const { signal, screen, runtime } = stage;
  const training = await learnableOf(stage, 'leaking-q1', TRAINING, { leaking: true });
  const evaluation = await learnableOf(stage, 'leaking-april', EVALUATION, { leaking: true });
  const trained = await trainLateness(stage.trainer, training.table, WITH_DELAYS, {
    seed: stage.seed,
    options: linearOptions(1),
    signal,
    onProgress: (text) => screen.progress(`leaking: ${text}`),
  });
  const judge = async (table: TrainingTable): Promise<Quality> =>
    qualityOf(labelsOf(table, TARGET), await scoreTable(runtime, trained, table, WITH_DELAYS, signal));
  return { leaking: await judge(evaluation.table), leakingInTruth: await judge(honest) };
}

async function approve(
  { alice, bob, screen, model, attempt }: Stage,
  worse: Release,
  better: Release,
): Promise<Pick<StoryOutcome, 'ownApprovalRefusal'>> {
  screen.step('A second person approves, the alias moves');
  const approval = { model, alias: CHAMPION, comment: `looked at the AUC on ${DATASET}` };
  const own = await attempt(() =>
    refused(() => alice.registry.approveModelVersion({ ...approval, version: better.version })),
  );
  screen.result(`alice may not approve her own version: ${own.reason}`);
  for (const { version } of [worse, better])
    await attempt(() =>
      bob.registry.approveModelVersion({ ...approval, version, request_id: `${model}-approve-${version}` }),
    );
  await attempt(() => promote(alice, { model, version: worse.version }));
  screen.result(`bob approved both; '${CHAMPION}' is version ${worse.version}, and the server answers with it`);
  screen.look('npm run slipway -- audit list registry');
  return { ownApprovalRefusal: own.message };
}

async function predictOnline(
  stage: Stage,
  worse: Release,
  better: Release,
  calls: number,
): Promise<Pick<StoryOutcome, 'onlineRows' | 'swap'>> {
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

async function scoreOffline(stage: Stage): Promise<Pick<StoryOutcome, 'batch' | 'stream'>> {
  const { screen } = stage;
  screen.step('Score the flights of May at once, killing a worker, and those of one day one by one');
  for (const [name, period] of LATER) await ingestPeriod(stage, name, period);
  const batch = await scoreBatch(stage, MAY, (pid) => process.kill(pid, 'SIGKILL'));
  const rate = thousands(Math.round(batch.rows / batch.seconds));
  screen.result(
    `batch: ${thousands(batch.rows)} flights in ${batch.partitions} partitions, ${batch.lostAttempts} of them begun again, nothing lost and nothing twice; ${rate} rows/s with join and load`,
  );
  screen.look('npm run slipway -- jobs');
  const flights = await fetchFlights(stage, 'stream-day', STREAM_DAY);
  const stream = await scoreStream(stage, flights, STREAM_DAY.from);
  screen.result(
    `stream: ${thousands(stream.events)} events, ${thousands(stream.stored)} results, ${thousands(stream.asInBatch)} with the bits of the batch; ${thousands(Math.round(stream.eventsPerSecond))} events/s, p99 ${stream.latencyMsP99.toFixed(1)} ms`,
  );
  return { batch, stream };
}
