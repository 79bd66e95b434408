import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { startSlipway, temporaryDirectory } from '@slipway/testing';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { connectPrincipal, type ConnectedPrincipal } from '../src/connect.ts';
import { applyRepository, repositoryFolder } from '../src/feature-store.ts';
import { openFlights, packagedFlights, type Period } from '../src/flights.ts';
import { createScreen } from '../src/screen.ts';
import { ingestPeriods, joinDelays, learnableOf, type Stage } from '../src/stage.ts';
import { addressesOf, HOLDERS } from './story-on.ts';

const CLI = join(import.meta.dirname, '../../cli/src/main.ts');
export const EXAMPLE = join(import.meta.dirname, '../../../docs/examples/sklearn-trainer');
export const MODEL = 'flight-delay';
export const DATASET = 'flights 1 to 3 April 2001';
const TRAINING = { from: '2001-03-25', until: '2001-04-01' };
const EVALUATION = { from: '2001-04-01', until: '2001-04-04' };
const run = promisify(execFile);

/** What `slipway train --json` prints at the end. */
export interface Trained {
  readonly run_id: string;
  readonly model: string;
  readonly version: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** One process with a week of flights, three days to judge by, and the training sets of both. */
export interface PreparedSlipway {
  readonly stage: Stage;
  readonly alice: ConnectedPrincipal;
  readonly bob: ConnectedPrincipal;
  /** `train.yaml` of the example with these sets and the given keys. @returns where it is. */
  trainFile(name: string, changes: Readonly<Record<string, unknown>>): string;
  /** `slipway train` as alice, to its end. `notes` is what it said meanwhile. */
  train(file: string): Promise<{ trained: Trained; notes: string }>;
  /** The same, begun. */
  startTraining(file: string): ChildProcess;
  stop(): Promise<void>;
}

export async function prepareSlipway(rows: number): Promise<PreparedSlipway> {
  const slipway = await startSlipway({ app: 'slipway', tokens: HOLDERS });
  const folder = temporaryDirectory();
  const flights = await openFlights(packagedFlights());
  const ids = createIdSource(systemClock, systemRandom);
  const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: folder.path };
  const trainer = trainerLinearPlugin.create({}, dependencies);
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
  const { signal } = new AbortController();
  await runtime.open(signal);
  const alice = connectPrincipal('alice', slipway.tokens.alice, addressesOf(slipway));
  const bob = connectPrincipal('bob', slipway.tokens.bob, addressesOf(slipway));
  const screen = createScreen({ write: () => undefined }, false, false);
  const stage: Stage = {
    alice,
    bob,
    trainer,
    runtime,
    signal,
    screen,
    flights,
    rows,
    folder: folder.path,
    model: MODEL,
    seed: 1,
    slice: 1,
    startedAt: Date.UTC(2001, 3, 8),
    attempt: (step) => step(),
  };
  await applyRepository(alice.features, repositoryFolder(), `${MODEL}-repository`);
  await ingestPeriods(stage, [
    ['march', TRAINING],
    ['april', EVALUATION],
  ]);
  const learnable = async (name: string, period: Period) =>
    learnableOf(stage, name, await joinDelays(stage, name, period, { leaking: false }));
  const training = await learnable('training', TRAINING);
  const evaluation = await learnable('evaluation', EVALUATION);
  const environment = { ...process.env, SLIPWAY_ADDRESS: slipway.grpcAddress, SLIPWAY_TOKEN: slipway.tokens.alice };
  const argumentsFor = (file: string) => [CLI, '--json', 'train', '--config', file, '--gateway', slipway.gatewayUrl];
  return {
    stage,
    alice,
    bob,
    trainFile: (name, changes) => {
      const path = join(folder.path, `${name}.yaml`);
      const example = parse(readFileSync(join(EXAMPLE, 'train.yaml'), 'utf8')) as Record<string, unknown>;
      const sets = {
        'training-set': training.set.id,
        evaluation: { 'training-set': evaluation.set.id, dataset: DATASET },
      };
      writeFileSync(path, stringify({ ...example, ...sets, description: name, ...changes }));
      return path;
    },
    train: async (file) => {
      const { stdout, stderr } = await run(process.execPath, argumentsFor(file), { env: environment });
      return { trained: JSON.parse(stdout) as Trained, notes: stderr };
    },
    startTraining: (file) => spawn(process.execPath, argumentsFor(file), { env: environment, stdio: ['ignore', 'pipe', 'pipe'] }), // prettier-ignore
    stop: async () => {
      flights.close();
      await Promise.all([alice.close(), bob.close(), runtime.close(), trainer.close()]);
      await slipway.stop();
      folder.remove();
    },
  };
}
