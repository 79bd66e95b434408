import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '@slipway/kernel';
import { createBlobSweeper, sweep as sweepFiles, type BlobSweeperOptions } from './blob-sweeper.ts';
import { inMemoryHarness } from '../testing/in-memory-harness.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { callBy, newModel, newVersion, registryFixture, type RegistryFixture } from '../testing/registry-fixture.ts';
import type { RegistryStoreHarness } from '../testing/registry-store-harness.ts';
import { headerOf, partsOf, sampleGraph, streamOf } from '../testing/sample-package.ts';
import { createModelVersion } from '../domain/use-cases/create-model-version.ts';
import { deleteModelVersion } from '../domain/use-cases/delete-model-version.ts';

const alice = callBy('alice');
const DAY_MS = 24 * 3600 * 1000;

describe('sweeping stored files', () => {
  let clock: ManualClock;
  let harness: RegistryStoreHarness;
  let deps: RegistryFixture;
  let options: BlobSweeperOptions;
  beforeEach(async () => {
    clock = new ManualClock();
    harness = await inMemoryHarness(clock);
    deps = registryFixture(harness.unitOfWork, clock);
    options = { ...deps, ledger: harness.ledger, log: silentLogger };
    await newModel(deps, alice, 'flights');
  });
  const sweep = () => sweepFiles(options, AbortSignal.timeout(10_000));
  const failUpload = async () => {
    const contents = { 'a.bin': Buffer.from('left behind'), 'model.onnx': Buffer.from('no graph') };
    const header = headerOf('flights', contents, { graph: 'model.onnx' });
    const failing = createModelVersion(alice, streamOf(partsOf(header, contents)), deps, AbortSignal.timeout(10_000));
    await expect(failing).rejects.toMatchObject({ reason: 'MODEL_GRAPH_INVALID' });
  };

  it('removes what a failed upload left, after a day and not before, and nothing else', async () => {
    await newVersion(deps, alice, 'flights');
    await failUpload();
    expect(deps.artifacts.entries.size).toBe(3);
    clock.advance(DAY_MS - 1000);
    expect(await sweep()).toBe(0);
    clock.advance(2000);
    expect(await sweep()).toBe(2);
    expect(deps.artifacts.entries.size).toBe(1);
    expect(await sweep()).toBe(0);
  });

  it('keeps the files of a deleted version for another day, then removes them', async () => {
    await newVersion(deps, alice, 'flights');
    clock.advance(3 * DAY_MS);
    await deleteModelVersion(alice, { model: 'flights', version: 1n, withAliases: false, requestId: '' }, deps);
    expect(await sweep()).toBe(0);
    clock.advance(DAY_MS + 1);
    expect(await sweep()).toBe(1);
    expect(deps.artifacts.entries.size).toBe(0);
  });

  it('never takes a file from an upload that uses it again', async () => {
    await newVersion(deps, alice, 'flights');
    await deleteModelVersion(alice, { model: 'flights', version: 1n, withAliases: false, requestId: '' }, deps);
    clock.advance(DAY_MS + 1);
    const contents = { 'model.onnx': sampleGraph() };
    const parts = partsOf(headerOf('flights', contents), contents);
    async function* sweptMeanwhile() {
      for (const part of parts) {
        yield part;
        await sweep(); // after each message: before the claim, between claim and file, before the commit
      }
    }
    const { version } = await createModelVersion(alice, sweptMeanwhile(), deps, AbortSignal.timeout(10_000));
    await sweep();
    expect([...deps.artifacts.entries.keys()].join()).toContain(version.files[0]?.sha256);
  });

  it('goes on when one file cannot be removed', async () => {
    await failUpload();
    clock.advance(DAY_MS + 1);
    const remove = deps.artifacts.delete;
    let broken = '';
    deps.artifacts.delete = (path) => {
      broken ||= path;
      return path === broken ? Promise.reject(new Error('disk')) : remove(path);
    };
    expect(await sweep()).toBe(1);
    deps.artifacts.delete = remove;
    expect(await sweep()).toBe(1);
  });

  it('sweeps by itself while it runs', async () => {
    await failUpload();
    clock.advance(DAY_MS + 1);
    const sweeper = createBlobSweeper(options);
    await sweeper.start(); // starts to wait with the clock as it is
    clock.advance(deps.limits.sweepEveryMs);
    for (let turn = 0; turn < 50 && deps.artifacts.entries.size > 0; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(deps.artifacts.entries.size).toBe(0);
    await sweeper.stop();
  });
});
