import type { TrainingTable } from '@slipway/plugin-kit';
import { labelsOf, openExperiment, scoreTable, type LearningSet } from '@slipway/training-run';
import { setChampionPolicy } from '../champion.ts';
import { DATASET, EVALUATION, TRAINING } from '../dates.ts';
import { DELAY_FEATURES, SCHEDULE_FEATURES, TARGET } from '../flights.ts';
import { ahead, joinDelays, learnableOf, release, show, thousands, type Release, type Stage } from '../stage.ts';
import { baselineOf, linearOptions, qualityOf, trainLateness, type Quality } from '../train.ts';

const WITH_DELAYS = [...SCHEDULE_FEATURES, ...DELAY_FEATURES];

interface Honest {
  readonly trainingRows: number;
  readonly evaluationRows: number;
  readonly trainingSetId: string;
  readonly experimentId: string;
  readonly baseline: Quality;
  readonly scheduleOnly: Release;
  readonly withDelays: Release;
}

interface Leak {
  /** A model that learned from a leaking join, judged by the same leaking join: what a careless evaluation reports. */
  readonly leaking: Quality;
  /** The same model on what is really known at the time. */
  readonly leakingInTruth: Quality;
}
export type Learned = Honest & Leak;

/** Two versions from what was known at the time, and what a leak would have promised. */
export async function learn(stage: Stage): Promise<Learned> {
  const { alice, bob, screen, model } = stage;
  screen.step('Join features as of the time of each flight, train, log the runs, register versions');
  const joined = joinAll(stage);
  const evaluation = await learnableOf(stage, 'flights-april', await joined.evaluation);
  const described = { name: model, description: 'Will this flight leave more than 15 minutes late?' };
  await stage.attempt(() => alice.registry.createRegisteredModel({ ...described, request_id: `${model}-create` }));
  await stage.attempt(() => setChampionPolicy(bob, model, DATASET));
  const honest = await learnHonestly(stage, joined, evaluation); // its training set is gone before the next one is read
  const leak = await learnFromLeak(stage, joined, evaluation.table);
  screen.result(
    `a join that lets in what was learned later promises ${show(leak.leaking)}; on what is known at the time that model has ${show(leak.leakingInTruth)}. True is ${show(honest.withDelays.quality)}`,
  );
  screen.look(`npm run slipway -- runs ${model}`);
  return { ...honest, ...leak };
}

/** Ids of the four training sets. They are joined one after the other, while models learn from those that are ready. */
type Joined = Readonly<Record<'evaluation' | 'training' | 'leakingTraining' | 'leakingEvaluation', Promise<string>>>;

function joinAll(stage: Stage): Joined {
  const evaluation = ahead(joinDelays(stage, 'flights-april', EVALUATION, { leaking: false }));
  const training = ahead(evaluation.then(() => joinDelays(stage, 'flights-q1', TRAINING, { leaking: false })));
  const leakingTraining = ahead(training.then(() => joinDelays(stage, 'leaking-q1', TRAINING, { leaking: true })));
  const leakingEvaluation = ahead(
    leakingTraining.then(() => joinDelays(stage, 'leaking-april', EVALUATION, { leaking: true })),
  );
  return { evaluation, training, leakingTraining, leakingEvaluation };
}

async function learnHonestly(stage: Stage, joined: Joined, evaluation: LearningSet): Promise<Honest> {
  const { alice, screen, model } = stage;
  const training = await learnableOf(stage, 'flights-q1', await joined.training);
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
  const trainingSetId = training.set.id;
  return { trainingRows, evaluationRows, trainingSetId, experimentId, baseline, scheduleOnly, withDelays };
}

const sayRelease = ({ screen }: Stage, made: Release, what: string): void =>
  screen.result(
    `version ${made.version}, ${what}: trained in ${made.trainedInSeconds.toFixed(1)} s, ${show(made.quality)} on 1 to 7 April`,
  );

async function learnFromLeak(stage: Stage, joined: Joined, honest: TrainingTable): Promise<Leak> {
  const { signal, screen, runtime } = stage;
  const training = await learnableOf(stage, 'leaking-q1', await joined.leakingTraining);
  const evaluation = await learnableOf(stage, 'leaking-april', await joined.leakingEvaluation);
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
