import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { sized, startSlipway, temporaryDirectory } from '@slipway/testing';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { openExperiment } from '@slipway/training-run';
import { expect, it } from 'vitest';
import { promote } from '../src/champion.ts';
import { connectPrincipal } from '../src/connect.ts';
import { MODEL } from '../src/dates.ts';
import { fetchFlights, flightIdAt, messageColumn, type FlightTable } from '../src/days/flight-table.ts';
import { applyRepository, repositoryFolder } from '../src/feature-store.ts';
import {
  DELAY_FEATURES,
  featureReference,
  openFlights,
  packagedFlights,
  SCHEDULE_FEATURES,
  type Period,
} from '../src/flights.ts';
import { BATCH_TABLE, scoreBatch } from '../src/score-batch.ts';
import { scoreStream } from '../src/score-stream.ts';
import { createScreen } from '../src/screen.ts';
import { ingestPeriods, joinDelays, learnableOf, release, type Stage } from '../src/stage.ts';
import { linearOptions } from '../src/train.ts';
import { addressesOf, HOLDERS } from './story-on.ts';

/** Of 500 thousand flights of May, about so many airports' share. */
const SLICE = sized({ small: 30, full: 3 });
const ROWS_MIN = sized({ small: 3_000, full: 100_000 });
const TRAINING: Period = { from: '2001-04-24', until: '2001-05-01' };
const MAY: Period = { from: '2001-05-01', until: '2001-06-01' };
const BLOCK_ROWS = 1000;

/** Probabilities of all rows, asked online a block at a time. */
async function askOnline({ alice, model }: Stage, flights: FlightTable, rows: Uint32Array): Promise<Float64Array> {
  const scores = new Float64Array(rows.length);
  for (let from = 0; from < rows.length; from += BLOCK_ROWS) {
    const of = rows.subarray(from, from + BLOCK_ROWS);
    const columns = (names: readonly string[]) =>
      names.map((name) => [name, messageColumn(flights.table, name, of)] as const);
    const { outputs } = await alice.predictions.predict({
      model,
      request_features: Object.fromEntries(columns(SCHEDULE_FEATURES)),
      features: Object.fromEntries(columns(DELAY_FEATURES).map(([name, column]) => [featureReference(name), column])),
      outputs: ['probability'],
    });
    scores.set(outputs[0]?.values?.numbers?.values ?? [], from);
  }
  return scores;
}

async function storedOf({ alice }: Stage, flights: FlightTable, rows: Uint32Array): Promise<Float64Array> {
  const scores = new Float64Array(rows.length);
  for (let from = 0; from < rows.length; from += BLOCK_ROWS) {
    const values = Array.from(rows.subarray(from, from + BLOCK_ROWS), (row) => flightIdAt(flights, row));
    const { outputs } = await alice.features.getPredictions({
      table: BATCH_TABLE,
      keys: { flight_id: { strings: { values } } },
    });
    scores.set(outputs['probability']?.numbers?.values ?? [], from);
  }
  return scores;
}

it(
  'the same flights have the same bits online, in a batch and in a stream',
  { timeout: sized({ small: 180_000, full: 1_200_000 }) },
  async () => {
    const slipway = await startSlipway({ app: 'slipway', tokens: HOLDERS });
    using folder = temporaryDirectory();
    const ids = createIdSource(systemClock, systemRandom);
    const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: folder.path };
    const trainer = trainerLinearPlugin.create({}, dependencies);
    const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
    const { signal } = new AbortController();
    await Promise.all([trainer.open(signal), runtime.open(signal)]);
    const flights = await openFlights(packagedFlights(), SLICE);
    const alice = connectPrincipal('alice', slipway.tokens.alice, addressesOf(slipway));
    const bob = connectPrincipal('bob', slipway.tokens.bob, addressesOf(slipway));
    const screen = createScreen({ write: () => undefined }, false, false);
    const attempt: Stage['attempt'] = (step) => step();
    const tools = { trainer, runtime, signal, screen, flights, folder: folder.path, attempt };
    const stage = { alice, bob, ...tools, model: MODEL, seed: 1, slice: SLICE, rows: undefined, startedAt: 0 };
    try {
      await applyRepository(alice.features, repositoryFolder(), 'repository');
      await ingestPeriods(stage, [
        ['april', TRAINING],
        ['may', MAY],
      ]);
      await alice.registry.createRegisteredModel({ name: MODEL });
      const trainingSet = await joinDelays(stage, 'training', TRAINING, { leaking: false });
      const training = await learnableOf(stage, 'training', trainingSet);
      const { version } = await release(stage, {
        experimentId: await openExperiment(alice.tracking, MODEL),
        description: 'with delays',
        features: [...SCHEDULE_FEATURES, ...DELAY_FEATURES],
        options: linearOptions(1),
        training,
        evaluation: { ...training, dataset: 'training' },
      });
      await bob.registry.approveModelVersion({ model: MODEL, version, alias: 'champion' });
      await promote(alice, { model: MODEL, version });

      const batch = await scoreBatch(stage, MAY, undefined);
      const table = await fetchFlights(stage, 'may-flights', MAY);
      const rows = Uint32Array.from({ length: table.table.rows }, (_, row) => row);
      expect(rows.length).toBeGreaterThan(ROWS_MIN);
      expect(batch.rows).toBe(rows.length);
      const [online, stored] = [await askOnline(stage, table, rows), await storedOf(stage, table, rows)];
      expect(new Set(online).size).toBeGreaterThan(rows.length / 10); // a constant would agree, too
      expect(Buffer.from(stored.buffer).equals(Buffer.from(online.buffer))).toBe(true);
      const stream = await scoreStream(stage, table, rows);
      expect(stream).toMatchObject({ events: rows.length, stored: rows.length, asInBatch: rows.length });
    } finally {
      flights.close();
      await Promise.all([alice.close(), bob.close(), runtime.close(), trainer.close()]);
      await slipway.stop();
    }
  },
);
