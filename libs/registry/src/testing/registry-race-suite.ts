import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConflictError, systemClock, type Clock, type DomainError } from '@slipway/kernel';
import { createModelVersion } from '../domain/use-cases/create-model-version.ts';
import { listAliases } from '../domain/use-cases/list-aliases.ts';
import { listModelVersions } from '../domain/use-cases/list-model-versions.ts';
import { moveAlias } from '../domain/use-cases/move-alias.ts';
import { setAliasPolicy } from '../domain/use-cases/set-alias-policy.ts';
import { callBy, newModel, newVersion, registryFixture, type RegistryFixture } from './registry-fixture.ts';
import type { RegistryStoreHarness } from './registry-store-harness.ts';
import { headerOf, partsOf, sampleGraph, streamOf } from './sample-package.ts';

const alice = callBy('alice');

/** What must hold when many callers change one model at once. */
export function registryRaceSuite(name: string, make: (clock: Clock) => Promise<RegistryStoreHarness>): void {
  describe(`registry races: ${name}`, () => {
    let harness: RegistryStoreHarness;
    let deps: RegistryFixture;
    beforeEach(async () => {
      harness = await make(systemClock);
      deps = registryFixture(harness.unitOfWork, systemClock, { limits: { uploadsMax: 64 } });
      await newModel(deps, alice, 'flights');
    });
    afterEach(() => harness.stop());

    it('numbers the versions of 8 creators x 25 without a gap or a repeat', async () => {
      const contents = { 'model.onnx': sampleGraph() };
      const parts = partsOf(headerOf('flights', contents), contents, 4096);
      const create = async (creator: number): Promise<bigint[]> => {
        const numbers: bigint[] = [];
        for (let count = 0; count < 25; count++) {
          const call = callBy(`creator-${creator}`);
          const { version } = await createModelVersion(call, streamOf(parts), deps, AbortSignal.timeout(60_000));
          numbers.push(version.version);
        }
        return numbers;
      };
      const numbers = await Promise.all(Array.from({ length: 8 }, (_, creator) => create(creator)));
      const expected = Array.from({ length: 200 }, (_, index) => BigInt(index + 1));
      expect(numbers.flat().sort((left, right) => Number(left - right))).toEqual(expected);
      const page = { pageSize: 1000, pageToken: '', orderBy: '', model: 'flights' };
      const { items } = await listModelVersions(alice, page, deps);
      expect(items.map(({ version }) => version.version)).toEqual(expected);
      const created = (await harness.facts()).filter(({ type }) => type === 'slipway.registry.version.created.v1');
      expect(created.map(({ data }) => data['version'])).toEqual(expected.map(String));
    }, 120_000);

    it('lets exactly one of the movers that expect the same revision win, in every round', async () => {
      const policy = { model: 'flights', alias: 'champion', gates: [], approvalsRequired: 0, requestId: '' };
      await setAliasPolicy(alice, policy, deps);
      for (let bias = 1; bias <= 4; bias++) await newVersion(deps, alice, 'flights', { bias });
      const rounds = 10;
      for (let round = 0; round < rounds; round++) {
        const current = await currentVersion(deps);
        const others = [1n, 2n, 3n, 4n].filter((version) => version !== current);
        const movers = Array.from({ length: 6 }, (_, index) =>
          moveAlias(
            callBy(`mover-${index}`),
            {
              model: 'flights',
              alias: 'champion',
              version: others[index % others.length] ?? 0n,
              expectedRevision: BigInt(round),
              requestId: '',
            },
            deps,
          ),
        );
        const results = await Promise.allSettled(movers);
        const won = results.filter(({ status }) => status === 'fulfilled');
        const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
        expect(won).toHaveLength(1);
        for (const error of lost) {
          expect(error).toBeInstanceOf(ConflictError);
          expect((error as DomainError).reason).toBe('ALIAS_REVISION_MISMATCH');
        }
      }
      const moved = (await harness.facts()).filter(({ type }) => type === 'slipway.registry.alias.moved.v1');
      const revisions = Array.from({ length: rounds }, (_, index) => String(index + 1));
      expect(moved.map(({ data }) => data['revision'])).toEqual(revisions);
      for (const [index, { data }] of moved.entries()) {
        expect(data['previous_version']).toBe(index === 0 ? '0' : moved[index - 1]?.data['version']);
      }
    }, 60_000);

    it('answers a request that is repeated at the same time with one version', async () => {
      const create = () => newVersion(deps, alice, 'flights', { requestId: 'the-same', tags: { stage: 'test' } });
      const views = await Promise.all([create(), create(), create(), create()]);
      expect(views.map(({ version }) => version.version)).toEqual([1n, 1n, 1n, 1n]);
      const page = { pageSize: 10, pageToken: '', orderBy: '', model: 'flights' };
      expect((await listModelVersions(alice, page, deps)).items).toHaveLength(1);
    });
  });
}

async function currentVersion(deps: RegistryFixture): Promise<bigint | undefined> {
  const query = { model: 'flights', allWorkspaces: false, pageSize: 1, pageToken: '' };
  const { items } = await listAliases(alice, query, deps);
  return items[0]?.version;
}
