import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { createIdSource, seededRandom, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { openTestDatabase, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { createExperiment, markExperiment } from '../domain/use-cases/change-experiments.ts';
import { createLoggedModel, deleteLoggedModel } from '../domain/use-cases/change-logged-models.ts';
import { markRun } from '../domain/use-cases/change-run.ts';
import { purgeExperiment, purgeRun } from '../domain/use-cases/purge.ts';
import { getExperiment } from '../domain/use-cases/read-experiments.ts';
import { getRun } from '../domain/use-cases/read-runs.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { trackingEntities } from '../store/entities.ts';
import { createHousekeeping } from '../store/housekeeping-rows.ts';
import { trackingMigrations } from '../store/migrations/tracking-migrations.ts';
import { createTrackingUnitOfWork } from '../store/tracking-unit-of-work.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { newRun, trackingFixture } from '../testing/tracking-fixture.ts';
import { callBy } from '../testing/tracking-harness.ts';
import { applyRetention, housekeepingComponents, sweepRemovals, type HousekeepingParts } from './housekeeping.ts';

const alice = callBy('alice');
const { signal } = new AbortController();
const DAY_MS = 24 * 60 * 60_000;

let databases: TestDatabases;
let clock: ManualClock;
let directory: ReturnType<typeof temporaryDirectory>;
let store: ArtifactStore;
let parts: HousekeepingParts;
let deps: TrackingDependencies;
let close: () => Promise<void>;
beforeAll(async () => {
  databases = await sqliteDatabases();
});
afterAll(() => databases.stop());
beforeEach(async () => {
  clock = new ManualClock();
  directory = temporaryDirectory();
  store = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: directory.path,
  });
  await store.open(signal);
  const options = { entities: trackingEntities, migrations: trackingMigrations, clock };
  const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), options);
  close = () => database.close();
  const tracking = createTrackingUnitOfWork(unitOfWork, encodeFact, seededRandom(3));
  deps = trackingFixture(tracking, clock);
  parts = {
    housekeeping: createHousekeeping(unitOfWork),
    unitOfWork: tracking,
    artifacts: store,
    clock,
    log: silentLogger,
    limits: { removalSweepMs: 1_000, deletedRetentionDays: 7 },
  };
});
afterEach(async () => {
  await store.close();
  await close();
  directory.remove();
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
const write = (...below: readonly string[]) =>
  store.write(artifactPath('default', 'tracking', ...below), bytes(below.join('/')), {}, signal);
const stored = async (): Promise<readonly string[]> =>
  (await store.list(artifactPath('default'), { pageSize: 1_000 }, signal)).items.map(({ path }) => path);

/** A store that dies at the second deletion. */
function dying(): ArtifactStore {
  let deletions = 0;
  return new Proxy(store, {
    get: (target, name: keyof ArtifactStore) => {
      if (name === 'delete') {
        return (...args: Parameters<ArtifactStore['delete']>) =>
          (deletions += 1) > 1 ? Promise.reject(new Error('killed')) : target.delete(...args);
      }
      const value: unknown = target[name];
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('files of what is removed for ever', () => {
  it('go after the rows, also when somebody dies in between, and no others', async () => {
    const { run } = await newRun(deps, alice);
    const kept = await newRun(deps, alice);
    for (const each of ['a', 'b/c', 'd']) await write('0', run.runId, 'artifacts', each);
    await write('0', kept.run.runId, 'artifacts', 'a');
    await markRun(alice, { runId: run.runId, deleted: true }, deps);
    await purgeRun(alice, { runId: run.runId }, deps);
    await sweepRemovals(parts, signal);
    expect(await stored()).toHaveLength(4); // too early: an upload may be about to end
    clock.advance(1_001);
    await expect(sweepRemovals({ ...parts, artifacts: dying() }, signal)).rejects.toThrow('killed');
    expect(await stored()).toHaveLength(3);
    expect(await parts.housekeeping.removals(clock.now(), 10)).toHaveLength(1);
    await sweepRemovals(parts, signal);
    expect(await stored()).toEqual([`default/tracking/0/${kept.run.runId}/artifacts/a`]);
    expect(await parts.housekeeping.removals(clock.now(), 10)).toEqual([]);
  });

  it('go with a whole experiment', async () => {
    const draft = { name: 'e', tags: {}, artifactLocation: '', requestId: '' };
    const { id } = await createExperiment(alice, draft, deps);
    await write(id.toString(), 'r1', 'artifacts', 'a');
    await write(id.toString(), 'models', 'm-1', 'artifacts', 'b');
    await write(`${id}0`, 'r1', 'artifacts', 'a');
    await markExperiment(alice, { id, deleted: true }, deps);
    await purgeExperiment(alice, { id }, deps);
    clock.advance(1_001);
    await sweepRemovals(parts, signal);
    expect(await stored()).toEqual([`default/tracking/${id}0/r1/artifacts/a`]);
  });
});

describe('retention', () => {
  it('removes what was deleted longer ago than its days, and nothing else', async () => {
    const draft = { name: 'e', tags: {}, artifactLocation: '', requestId: '' };
    const { id } = await createExperiment(alice, draft, deps);
    const inside = await newRun(deps, alice, { experimentId: id });
    const [old, restored, young, active] = [
      await newRun(deps, alice),
      await newRun(deps, alice),
      await newRun(deps, alice),
      await newRun(deps, alice),
    ];
    const mark = ({ run }: typeof old, deleted: boolean) => markRun(alice, { runId: run.runId, deleted }, deps);
    const model = { experimentId: 0n, name: 'm', modelType: '', sourceRunId: '', params: {}, tags: {}, requestId: '' };
    const { modelId } = (await createLoggedModel(alice, model, deps)).model;
    await deleteLoggedModel(alice, { modelId }, deps);
    await write('0', 'models', modelId, 'artifacts', 'a');
    await mark(old, true);
    await mark(restored, true);
    await mark(restored, false);
    await markExperiment(alice, { id, deleted: true }, deps);
    clock.advance(3 * DAY_MS);
    await mark(young, true);
    clock.advance(4 * DAY_MS);
    await applyRetention(parts, signal);
    await getRun(alice, { runId: old.run.runId }, deps); // seven days are not over
    clock.advance(1_000);
    await applyRetention(parts, signal);
    const gone = { reason: 'RUN_NOT_FOUND' };
    for (const { run } of [old, inside]) {
      await expect(getRun(alice, { runId: run.runId }, deps)).rejects.toMatchObject(gone);
    }
    await expect(getExperiment(alice, { id }, deps)).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
    for (const { run } of [restored, young, active]) {
      expect((await getRun(alice, { runId: run.runId }, deps)).run.runId).toBe(run.runId);
    }
    clock.advance(1_001);
    await sweepRemovals(parts, signal);
    expect(await stored()).toEqual([]);
  });

  it('is there only when it is set', () => {
    const names = (deletedRetentionDays: number) =>
      housekeepingComponents({ ...parts, limits: { ...parts.limits, deletedRetentionDays } }).map(({ name }) => name);
    expect(names(0)).toEqual(['tracking removal sweeper']);
    expect(names(1)).toEqual(['tracking removal sweeper', 'tracking retention']);
  });
});
