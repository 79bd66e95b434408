import { describeWith, NEEDS_MARK, sized, startContainers, startServices, startSlipway } from '@slipway/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { ScenarioOutcome } from '../src/scenario.ts';
import { addressesOf, addressesOfServices, HOLDERS, playScenario } from './scenario-on.ts';

const ROWS = sized({ small: 20_000, full: 100_000 });
const TIMEOUT_MS = sized({ small: 180_000, full: 1_800_000 });
/** What has to be the same wherever the scenario runs. */
const REFUSALS = ['ALIAS_MOVE_REFUSED', 'SELF_APPROVAL', 'ALIAS_MOVE_REFUSED'];

/** Outcome by shape; each shape is compared with the first. */
const outcomes = new Map<string, ScenarioOutcome>();

function compare(shape: string, outcome: ScenarioOutcome): void {
  expect(outcome.refusals).toEqual(REFUSALS);
  expect(outcome.leakingSetId).not.toBe(outcome.trainingSetId);
  const [first] = outcomes.values();
  outcomes.set(shape, outcome);
  if (first) expect(outcome).toEqual(first);
}

describe('the scenario of two principals', () => {
  it('runs in one process with embedded drivers', { timeout: TIMEOUT_MS }, async () => {
    const slipway = await startSlipway({ app: 'slipway', tokens: HOLDERS });
    try {
      compare('one process', await playScenario(slipway.tokens, addressesOf(slipway), ROWS));
    } finally {
      await slipway.stop();
    }
  });
});

describeWith(['nats', 'postgresql', 's3'], 'the same scenario on NATS, PostgreSQL and S3', () => {
  it('ends with the same training set, runs, packages and predictions', { timeout: TIMEOUT_MS }, async () => {
    const services = await startServices({ tokens: HOLDERS });
    try {
      compare('services', await playScenario(services.tokens, addressesOfServices(services), ROWS));
    } finally {
      await services.stop();
    }
  });
});

describe('the same scenario in containers', () => {
  it('ends with the same training set, runs, packages and predictions', { timeout: 900_000 }, async (context) => {
    const containers = await startContainers({ tokens: HOLDERS });
    // also with CI=true: what runs the tests may forbid containers inside it, and the closing summary says so
    if ('unavailable' in containers) return context.skip(`${NEEDS_MARK}${containers.unavailable}]`);
    try {
      const addresses = {
        registry: containers.registryAddress,
        tracking: containers.trackingAddress,
        features: containers.featuresAddress,
        inference: containers.inferenceAddress,
      };
      compare('containers', await playScenario(containers.tokens, addresses, ROWS));
    } catch (cause) {
      const logs = await containers.compose('logs', '--no-color', '--tail', '40');
      throw new Error(`the scenario failed in containers:\n${logs}`, { cause });
    } finally {
      await containers.stop();
    }
  });
});

afterAll(() => {
  for (const [shape, { trainingSetId, inventoryHash, runsHash, predictionsHash }] of outcomes) {
    const hashes = {
      'training set': trainingSetId,
      inventory: inventoryHash,
      runs: runsHash,
      predictions: predictionsHash,
    };
    const shown = Object.entries(hashes).map(([what, hash]) => `${what} ${hash.slice(0, 12)}`);
    process.stdout.write(`${shape.padEnd(12)} ${shown.join('  ')}\n`);
  }
});
