import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ModelRuntime, Trainer } from '@slipway/plugin-kit';
import { readTrainingTable } from '@slipway/training-data';
import { openExperiment } from '@slipway/training-run';
import { CHAMPION, promote, refused, setChampionPolicy, untilServed } from './champion.ts';
import { applyRepository, materialize, repositoryFolder } from './feature-store.ts';
import { DELAY_FEATURES, openFlights, packagedFlights, SCHEDULE_FEATURES, type Flights } from './flights.ts';
import { inventoryHash, inventoryOf, runsOf } from './inventory.ts';
import { departuresOf, predictByKey, predictRequest, type Departures } from './predict.ts';
import type { Principal } from './principals.ts';
import { createScreen } from './screen.ts';
import { ingestPeriod, learnableOf, release, type Stage } from './stage.ts';
import { linearOptions } from './train.ts';

export interface ScenarioOutcome {
  /** Content hash of the training set. */
  readonly trainingSetId: string;
  /** Content hash of the one that lets in what was learned later. */
  readonly leakingSetId: string;
  /** sha256 of what the registry holds of the model, digests of its packages among it. */
  readonly inventoryHash: string;
  /** sha256 of runs with parameters, metrics, datasets and artifacts. */
  readonly runsHash: string;
  /** sha256 of the probabilities of all versions that were champion, in their order. */
  readonly predictionsHash: string;
  /** Accepted and quarantined rows. */
  readonly rows: readonly [accepted: number, quarantined: number];
  /** Reasons of the calls that had to be refused, in order. */
  readonly refusals: readonly string[];
}

export interface ScenarioTools {
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  readonly signal: AbortSignal;
  readonly folder: string;
  /** As in `Stage`; without it each step is made once. */
  readonly attempt?: Stage['attempt'];
}

const DATASET = 'flights 1 to 3 April 2001';
const TRAINING = { from: '2001-03-25', until: '2001-04-01' };
const EVALUATION = { from: '2001-04-01', until: '2001-04-04' };
const ONLINE = { from: '2001-04-04', until: '2001-04-05' };
const ASKED_AT = Date.UTC(2001, 3, 4, 6) / 1000;
const PREDICTIONS = 500;
const WITH_DELAYS = [...SCHEDULE_FEATURES, ...DELAY_FEATURES];

/**
 * The story in small, the same in every shape: alice ingests, trains and registers, the gate refuses the worse version, nobody approves what is
 * her own, bob approves, the alias moves, the server predicts by key, and the alias rolls back.
 */
export async function runScenario(
  alice: Principal,
  bob: Principal,
  tools: ScenarioTools,
  at: { model: string; rows: number },
): Promise<ScenarioOutcome> {
  const flights = await openFlights(packagedFlights());
  try {
    const attempt = tools.attempt ?? ((step) => step());
    const screen = createScreen({ write: () => undefined }, false, false);
    const startedAt = Date.UTC(2001, 3, 8);
    return await play({ alice, bob, ...tools, ...at, flights, screen, seed: 1, startedAt, attempt });
  } finally {
    flights.close();
  }
}

async function play(stage: Stage): Promise<ScenarioOutcome> {
  const { alice, bob, model, attempt } = stage;
  await attempt(() => applyRepository(alice.features, repositoryFolder(), `${model}-repository`));
  const rows: [number, number] = [0, 0];
  for (const [name, period] of [
    ['march', TRAINING],
    ['april', EVALUATION],
  ] as const) {
    const { accepted, quarantined } = await ingestPeriod(stage, name, period);
    rows[0] += accepted;
    rows[1] += quarantined;
  }
  const training = await learnableOf(stage, 'training', TRAINING, { leaking: false });
  const leaking = await learnableOf(stage, 'leaking', TRAINING, { leaking: true });
  const evaluation = { ...(await learnableOf(stage, 'evaluation', EVALUATION, { leaking: false })), dataset: DATASET };
  await attempt(() =>
    alice.registry.createRegisteredModel({
      name: model,
      description: 'late departures',
      request_id: `${model}-create`,
    }),
  );
  await attempt(() => setChampionPolicy(bob, model, DATASET));
  const experimentId = await attempt(() => openExperiment(alice.tracking, model));
  const plan = { experimentId, options: linearOptions(1), training, evaluation };
  const worse = await release(stage, { ...plan, features: SCHEDULE_FEATURES, description: 'schedule only' });
  const better = await release(stage, { ...plan, features: WITH_DELAYS, description: 'with delays' });
  const third = await release(stage, {
    ...plan,
    features: WITH_DELAYS,
    description: 'a stronger ridge',
    options: linearOptions(10),
  });
  await attempt(() => materialize(alice, `${model}-materialize`, () => undefined));
  const { refusals, predictionsHash } = await takeTurns(stage, worse.version, better.version, third.version);
  return {
    trainingSetId: training.set.id,
    leakingSetId: leaking.set.id,
    inventoryHash: inventoryHash(await attempt(() => inventoryOf(alice, model))),
    runsHash: inventoryHash(await attempt(() => runsOf(alice, experimentId))),
    predictionsHash,
    rows,
    refusals,
  };
}

async function takeTurns(
  stage: Stage,
  worse: string,
  better: string,
  third: string,
): Promise<Pick<ScenarioOutcome, 'refusals' | 'predictionsHash'>> {
  const { alice, bob, model, attempt } = stage;
  const move = (version: string) => ({ model, version, alias: CHAMPION });
  const approve = (version: string, comment: string) =>
    attempt(() =>
      bob.registry.approveModelVersion({ ...move(version), comment, request_id: `${model}-approve-${version}` }),
    );
  const refusals = [
    await attempt(() => refused(() => alice.registry.moveAlias(move(better)))),
    await attempt(() => refused(() => alice.registry.approveModelVersion(move(better)))),
  ];
  for (const version of [worse, better]) await approve(version, `looked at ${DATASET}`);
  const predictions = createHash('sha256');
  const departures = await departuresToCome(stage, stage.flights);
  const turn = async (version: string): Promise<void> => {
    predictions.update(await attempt(() => predictAll(stage, version, departures)));
  };
  await attempt(() => promote(alice, { model, version: better }));
  await turn(better);
  refusals.push(await attempt(() => refused(() => alice.registry.moveAlias(move(worse)))));
  await approve(third, 'as good');
  await attempt(() => promote(alice, { model, version: third }));
  await turn(third);
  await attempt(() => alice.registry.rollBackAlias({ model, alias: CHAMPION, request_id: `${model}-roll-back` }));
  await attempt(() => untilServed(alice, { model, version: better }));
  await turn(better);
  return { refusals: refusals.map(({ reason }) => reason), predictionsHash: predictions.digest('hex') };
}

async function departuresToCome(stage: Stage, flights: Flights): Promise<Departures> {
  const file = join(stage.folder, 'online-entities.parquet');
  await flights.exportEntityRows(ONLINE, { rows: PREDICTIONS, seed: stage.seed }, file);
  const columns = ['origin', ...SCHEDULE_FEATURES].map((name) => ({ name }));
  return departuresOf(await readTrainingTable(file, { id: 'online', columns, signal: stage.signal }));
}

/** Probabilities as 64-bit floats. @throws {Error} when another version answers. */
async function predictAll({ alice, model }: Stage, version: string, departures: Departures): Promise<Uint8Array> {
  const answer = await predictByKey(
    alice.predictions,
    predictRequest(model, departures, [0, departures.table.rows], ASKED_AT),
  );
  if (answer.version !== version) throw new Error(`version ${answer.version} answers in place of ${version}`);
  return new Uint8Array(Float64Array.from(answer.probabilities).buffer);
}
