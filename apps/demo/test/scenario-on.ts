import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { temporaryDirectory, type Services, type SlipwayProcess } from '@slipway/testing';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { connectPrincipal, oneProcess, type Addresses } from '../src/connect.ts';
import { runScenario, type ScenarioOutcome, type ScenarioTools } from '../src/scenario.ts';

/** Who takes part. */
export const HOLDERS = {
  alice: { principal: 'alice', roles: ['editor', 'approver'] },
  bob: { principal: 'bob', roles: ['approver'] },
};

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

/** Plays the scenario from this process against services that run already. */
export async function playScenario(
  tokens: { readonly alice: string; readonly bob: string },
  addresses: Addresses,
  rows: number,
  attempt?: ScenarioTools['attempt'],
): Promise<ScenarioOutcome> {
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
  try {
    const tools = { trainer, runtime, signal, folder: folder.path, ...(attempt && { attempt }) };
    return await runScenario(alice, bob, tools, { model: 'flight-delay', rows });
  } finally {
    await Promise.all([alice.close(), bob.close(), runtime.close(), trainer.close()]);
  }
}
