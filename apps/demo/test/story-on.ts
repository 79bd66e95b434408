import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { temporaryDirectory, type Services, type SlipwayProcess } from '@slipway/testing';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { connectPrincipal, oneProcess, type Addresses } from '../src/connect.ts';
import { MODEL } from '../src/dates.ts';
import { openFlights, packagedFlights } from '../src/flights.ts';
import { createScreen } from '../src/screen.ts';
import type { Stage } from '../src/stage.ts';
import { tellStory, type StoryOptions, type StoryOutcome } from '../src/story.ts';

/** Who takes part. */
export const HOLDERS = {
  alice: { principal: 'alice', roles: ['editor', 'approver'] },
  bob: { principal: 'bob', roles: ['approver'] },
};

/** Days follow each other faster than in life: nobody waits for the log. */
export const STORY_SETTINGS = { 'serving.prediction-log-flush-ms': 20 } as const;

/** One process with all services. */
export const addressesOf = ({ grpcAddress, inferenceAddress }: SlipwayProcess): Addresses =>
  oneProcess(grpcAddress, inferenceAddress);

/** A process for each service. */
export const addressesOfServices = (services: Services): Addresses => ({
  registry: services.addressOf('registry'),
  tracking: services.addressOf('tracking'),
  features: services.addressOf('features'),
  inference: services.addressOf('serving'),
  streams: services.addressOf('streams'),
  batch: services.addressOf('batch'),
  routing: services.addressOf('routing'),
  monitoring: services.addressOf('monitoring'),
});

export interface StoryAt extends Partial<StoryOptions> {
  /** About one of so many airports. */
  readonly slice: number;
  readonly attempt?: Stage['attempt'];
}

/** Tells the story of the demo from this process against services that run already. */
export async function tellStoryOn(
  tokens: { readonly alice: string; readonly bob: string },
  addresses: Addresses,
  { slice, attempt = (step) => step(), calls = 300, kill }: StoryAt,
): Promise<StoryOutcome> {
  using folder = temporaryDirectory();
  const dependencies = {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: folder.path,
  };
  const trainer = trainerLinearPlugin.create({}, dependencies);
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
  const { signal } = new AbortController();
  await trainer.open(signal);
  await runtime.open(signal);
  const alice = connectPrincipal('alice', tokens.alice, addresses);
  const bob = connectPrincipal('bob', tokens.bob, addresses);
  const flights = await openFlights(packagedFlights(), slice);
  const screen = createScreen({ write: () => undefined }, false, false);
  const startedAt = Date.UTC(2001, 3, 8);
  const tools = { trainer, runtime, signal, flights, screen, startedAt, attempt, folder: folder.path };
  try {
    return await tellStory({ alice, bob, ...tools, model: MODEL, seed: 1, slice, rows: undefined }, { calls, kill });
  } finally {
    flights.close();
    await Promise.all([alice.close(), bob.close(), runtime.close(), trainer.close()]);
  }
}
