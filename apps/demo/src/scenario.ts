import { createHash } from 'node:crypto';
import type { ModelRuntime, Trainer, TrainedModel, TrainingTable } from '@slipway/plugin-kit';
import { promote, refused, setChampionPolicy, untilServed, CHAMPION } from './champion.ts';
import { openFlights, packagedFlights, ROUTE_FEATURES, SCHEDULE_FEATURES } from './flights.ts';
import { predictTable } from './inference.ts';
import { inventoryHash, inventoryOf } from './inventory.ts';
import type { Principal } from './principals.ts';
import { recordQuality, registerVersion } from './registration.ts';
import { labelsOf, qualityOf, scoreLocally, trainLateness } from './train.ts';

export interface ScenarioOutcome {
  readonly inventoryHash: string;
  /** sha256 of the probabilities of all versions that were champion, in their order. */
  readonly predictionsHash: string;
  /** Reasons of the calls that had to be refused, in order. */
  readonly refusals: readonly string[];
}

export interface ScenarioTools {
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  readonly signal: AbortSignal;
}

const DATASET = 'flights 1 to 7 April 2001';

/**
 * The job in small, the same in every shape: alice trains and registers, the gate refuses the worse version, nobody approves what is her own,
 * bob approves, the alias moves, the server predicts, and the alias rolls back.
 */
export async function runScenario(
  alice: Principal,
  bob: Principal,
  tools: ScenarioTools,
  at: { model: string; rows: number },
): Promise<ScenarioOutcome> {
  const flights = await openFlights(packagedFlights());
  const training = await flights.read({ from: '2001-01-01', until: '2001-04-01', rows: at.rows, seed: 1 });
  const evaluation = await flights.read({ from: '2001-04-01', until: '2001-04-08', rows: at.rows, seed: 1 });
  flights.close();
  const { model } = at;
  await alice.registry.createRegisteredModel({
    name: model,
    description: 'late departures',
    request_id: `${model}-create`,
  });
  await setChampionPolicy(bob, model, DATASET);
  const release = releaser(alice, tools, { model, training, evaluation });
  const worse = await release(SCHEDULE_FEATURES, 'schedule only');
  const better = await release(ROUTE_FEATURES, 'with origin and destination');

  const refusals = [
    await refused(() => alice.registry.moveAlias({ model, version: better, alias: CHAMPION })),
    await refused(() => alice.registry.approveModelVersion({ model, version: better, alias: CHAMPION })),
  ];
  for (const version of [worse, better]) {
    await bob.registry.approveModelVersion({ model, version, alias: CHAMPION, comment: `looked at ${DATASET}` });
  }
  const predictions = createHash('sha256');
  const predict = async (features: readonly string[]): Promise<void> => {
    const probabilities = await predictTable(alice.inference, model, evaluation, features, () => undefined);
    predictions.update(new Uint8Array(probabilities.buffer));
  };
  await promote(alice, { model, version: better });
  await predict(ROUTE_FEATURES);
  refusals.push(await refused(() => alice.registry.moveAlias({ model, version: worse, alias: CHAMPION })));
  const third = await release(ROUTE_FEATURES, 'the same with a stronger ridge', 10);
  await bob.registry.approveModelVersion({ model, version: third, alias: CHAMPION, comment: 'as good' });
  await promote(alice, { model, version: third });
  await predict(ROUTE_FEATURES);
  await alice.registry.rollBackAlias({ model, alias: CHAMPION });
  await untilServed(alice, { model, version: better });
  await predict(ROUTE_FEATURES);
  return {
    inventoryHash: inventoryHash(await inventoryOf(alice, model)),
    predictionsHash: predictions.digest('hex'),
    refusals: refusals.map(({ reason }) => reason),
  };
}

/** Trains, evaluates, registers; returns the number of the version. */
function releaser(
  alice: Principal,
  tools: ScenarioTools,
  data: { model: string; training: TrainingTable; evaluation: TrainingTable },
): (features: readonly string[], description: string, ridge?: number) => Promise<string> {
  return async (features, description, ridge = 1) => {
    const at = { seed: 1, ridge, signal: tools.signal, onProgress: () => undefined };
    const trained: TrainedModel = await trainLateness(tools.trainer, data.training, features, at);
    const probabilities = await scoreLocally(tools.runtime, trained, data.evaluation, features, tools.signal);
    const { version } = await registerVersion(alice.registry, {
      model: data.model,
      description,
      features,
      trained,
      trainingSet: data.training,
      requestId: `${data.model}-${description.replaceAll(' ', '-')}`,
    });
    const quality = qualityOf(labelsOf(data.evaluation), probabilities);
    await recordQuality(
      alice.registry,
      { model: data.model, version },
      { name: DATASET, table: data.evaluation },
      quality,
    );
    return version;
  };
}
