import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '@slipway/kernel';
import { verifyEnvelope, trustedKeyOf } from '@slipway/model-package';
import type { Tags } from '../domain/tags.ts';
import { deleteModelVersion } from '../domain/use-cases/delete-model-version.ts';
import { deleteRegisteredModel } from '../domain/use-cases/delete-registered-model.ts';
import { downloadModelVersion } from '../domain/use-cases/download-model-version.ts';
import { createVersionFromSource } from '../domain/use-cases/create-version-from-source.ts';
import { moveAlias } from '../domain/use-cases/move-alias.ts';
import { renameRegisteredModel } from '../domain/use-cases/rename-registered-model.ts';
import { searchModelVersions, searchRegisteredModels } from '../domain/use-cases/search-registry.ts';
import { setAliasPolicy } from '../domain/use-cases/set-alias-policy.ts';
import { transitionStage } from '../domain/use-cases/transition-stage.ts';
import { ManualClock } from './manual-clock.ts';
import { callBy, newModel, newVersion, registryFixture, type RegistryFixture } from './registry-fixture.ts';
import type { RegistryStoreHarness } from './registry-store-harness.ts';
import { modelRow, versionRow } from './sample-rows.ts';

const alice = callBy('alice');

/** Searches, stages and renaming, through the use cases; the fake and both databases pass it. */
export function registrySearchSuite(name: string, make: (clock: Clock) => Promise<RegistryStoreHarness>): void {
  describe(`registry searches and renaming: ${name}`, () => {
    const clock = new ManualClock();
    let harness: RegistryStoreHarness;
    let deps: RegistryFixture;
    beforeEach(async () => {
      harness = await make(clock);
      deps = registryFixture(harness.unitOfWork, clock);
    });
    afterEach(() => harness.stop());

    const addModel = (model: string, tags: Tags = {}, updateTime = 2n) =>
      harness.unitOfWork.run(alice, (tx) => tx.models.insert(modelRow(model, { tags, updateTime })));
    const addVersion = (model: string, version: bigint, more: Partial<ReturnType<typeof versionRow>> = {}) => {
      const row = versionRow(model, version, { digest: '', files: [], signingKeyId: '', ...more });
      return harness.unitOfWork.run(alice, (tx) => tx.versions.insert(row, undefined));
    };
    const models = async (filter: string, orderBy: readonly string[] = [], pageSize = 100) => {
      const found: string[] = [];
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const page = await searchRegisteredModels(alice, { filter, orderBy, pageSize, pageToken }, deps);
        found.push(...page.items.map(({ model }) => model.name));
        pageToken = page.nextPageToken;
      }
      return found;
    };
    const versions = async (filter: string, orderBy: readonly string[] = [], pageSize = 100) => {
      const found: string[] = [];
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const page = await searchModelVersions(alice, { filter, orderBy, pageSize, pageToken }, deps);
        found.push(...page.items.map(({ version }) => `${version.model}/${version.version}`));
        pageToken = page.nextPageToken;
      }
      return found;
    };

    it('finds models by name and tags, without prompts unless asked', async () => {
      await addModel('Arrivals', { team: 'ops', 'a b': "it's" });
      await addModel('delays', { team: 'OPS' });
      await addModel('délais');
      await addModel('prompt', { 'mlflow.prompt.is_prompt': 'true' });
      await harness.unitOfWork.run(callBy('eve', 'elsewhere'), (tx) => tx.models.insert(modelRow('hidden')));
      const all = ['Arrivals', 'delays', 'délais'];
      expect(await models('')).toEqual(all);
      expect(await models("name = 'delays'")).toEqual(['delays']);
      expect(await models("name != 'delays'")).toEqual(['Arrivals', 'délais']);
      expect(await models("name LIKE 'd_lais'")).toEqual(['délais']);
      expect(await models("name ILIKE 'a%S'")).toEqual(['Arrivals']);
      expect(await models("name LIKE 'a%S'")).toEqual([]);
      expect(await models("tags.team = 'ops'")).toEqual(['Arrivals']);
      expect(await models("tag.team ilike 'ops'")).toEqual(['Arrivals', 'delays']);
      expect(await models("tags.`a b` = 'it''s'")).toEqual(['Arrivals']);
      expect(await models("tags.team != 'ops'")).toEqual(['delays']); // what has no such tag never matches
      expect(await models("NOT tags.team = 'ops' OR name = 'Arrivals'")).toEqual(all);
      expect(await models("tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(['prompt']);
      expect(await models("tags.`mlflow.prompt.is_prompt` = 'false'")).toEqual(all);
      expect(await models("tags.`mlflow.prompt.is_prompt` != 'true'")).toEqual(all);
      for (const filter of ["nothing = 'x'", 'name = 1', "name > 'x'", "tags.x IN ('a')", "name = 'x'; drop"]) {
        await expect(models(filter)).rejects.toMatchObject({ reason: 'FILTER_INVALID' });
      }
      for (const orderBy of [['size'], ['name', 'name DESC'], ['timestamp', 'last_updated_timestamp'], ['']]) {
        await expect(models('', orderBy)).rejects.toMatchObject({ reason: 'ORDER_BY_INVALID' });
      }
    });

    it('finds versions of all models by run, source, number and tags', async () => {
      await addModel('a');
      await addModel('b');
      await addVersion('a', 1n, { runId: 'r1', source: 's3://x/1', updateTime: 5n, tags: {} });
      await addVersion('a', 2n, { runId: 'r2', source: 'runs:/r2/m', updateTime: 5n, tags: { best: 'yes' } });
      await addVersion('b', 1n, { runId: 'r1', source: 's3://x/2', updateTime: 7n, tags: {} });
      expect(await versions('')).toEqual(['b/1', 'a/2', 'a/1']);
      expect(await versions("name='a'")).toEqual(['a/2', 'a/1']);
      expect(await versions("run_id = 'r1'")).toEqual(['b/1', 'a/1']);
      expect(await versions("run_id IN ('r1', 'r2') AND name = 'a'")).toEqual(['a/2', 'a/1']);
      expect(await versions("run_id = 'r1' OR name = 'a'")).toEqual(['b/1', 'a/2', 'a/1']);
      expect(await versions("source_path LIKE 's3:%'", ['name DESC'])).toEqual(['b/1', 'a/1']);
      expect(await versions('version_number > 1')).toEqual(['a/2']);
      expect(await versions("tags.best = 'yes'")).toEqual(['a/2']);
      expect(await versions('', ['version_number ASC', 'name DESC'])).toEqual(['b/1', 'a/1', 'a/2']);
      await expect(versions("current_stage = 'Production'")).rejects.toMatchObject({ reason: 'FILTER_INVALID' });
    });

    it('for all page sizes: the pages of a search are the search', async () => {
      for (let at = 0; at < 12; at++) await addModel(`m${at % 5}-${at}`, { odd: `${at % 2}` }, BigInt(at % 3));
      const orders = [[], ['timestamp DESC'], ['name DESC'], ['last_updated_timestamp', 'name DESC']];
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...orders), fc.integer({ min: 1, max: 13 }), async (orderBy, pageSize) => {
          const filter = "tags.odd = '1' OR name LIKE 'm1%'";
          expect(await models(filter, orderBy, pageSize)).toEqual(await models(filter, orderBy));
        }),
        { numRuns: 20 },
      );
      const page = { filter: '', orderBy: [], pageSize: 2, pageToken: '' };
      const { nextPageToken = '' } = await searchRegisteredModels(alice, page, deps);
      const other = { ...page, filter: "name != 'x'", pageToken: nextPageToken };
      await expect(searchRegisteredModels(alice, other, deps)).rejects.toMatchObject({ kind: 'invalid-argument' });
      await expect(searchRegisteredModels(alice, { ...page, pageToken: '-5' }, deps)).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
    });

    it('keeps a version without a package, and every word about where it came from', async () => {
      await newModel(deps, alice, 'flights');
      const origin = { source: 's3://b/ключ', runLink: 'https://x', loggedModelId: 'm-1', userId: 'ann' };
      const more = { model: 'flights', runId: 'r', description: '', tags: {}, requestId: '' };
      const { version } = await createVersionFromSource(
        alice,
        { ...origin, ...more },
        deps,
        new AbortController().signal,
      );
      const stored = await harness.unitOfWork.read(alice.caller, (reads) => reads.versions.get('flights', 1n));
      expect(stored).toEqual(version);
      expect(stored).toMatchObject({ ...origin, digest: '', stage: 'none' });
    });

    it('moves stages and archives the others of one', async () => {
      await newModel(deps, alice, 'flights');
      for (const version of [1n, 2n, 3n]) await addVersion('flights', version);
      const move = (version: bigint, stage: 'none' | 'staging' | 'production' | 'archived', archiveExisting = false) =>
        transitionStage(alice, { model: 'flights', version, stage, archiveExisting, requestId: '' }, deps);
      await move(1n, 'production');
      await move(2n, 'production');
      clock.advance(1);
      const { version } = await move(3n, 'production', true);
      expect(version).toMatchObject({ stage: 'production', updateTime: clock.now() });
      const stages = await harness.unitOfWork.read(alice.caller, async (reads) =>
        (await reads.versions.list('flights', false, { pageSize: 9, pageToken: '' })).items.map(({ stage }) => stage),
      );
      expect(stages).toEqual(['archived', 'archived', 'production']);
      await expect(move(1n, 'archived', true)).rejects.toMatchObject({ reason: 'STAGE_INVALID' });
      await expect(move(9n, 'staging')).rejects.toMatchObject({ reason: 'MODEL_VERSION_NOT_FOUND' });
    });

    it('renames a model with all that belongs to it, signed anew', async () => {
      await newModel(deps, alice, 'old');
      const { version: before } = await newVersion(deps, alice, 'old', { tags: { a: 'b' } });
      const policy = { model: 'old', alias: 'champion', gates: [], approvalsRequired: 0, requestId: '' };
      await setAliasPolicy(alice, policy, deps);
      const champion = { model: 'old', alias: 'champion', version: 1n, expectedRevision: undefined, requestId: '' };
      await moveAlias(alice, champion, deps);
      const from = (await harness.facts()).length;
      const request = { name: 'old', newName: 'nouveau (été)', requestId: 'one' };
      const view = await renameRegisteredModel(alice, request, deps);
      expect(await renameRegisteredModel(alice, request, deps)).toEqual(view);
      expect(view.model).toMatchObject({ name: 'nouveau (été)', lastVersion: 1n, deleted: false });
      await harness.unitOfWork.read(alice.caller, async (reads) => {
        const after = await reads.versions.get('nouveau (été)', 1n);
        expect(after).toEqual({ ...before, model: 'nouveau (été)', digest: after?.digest });
        expect(after?.digest).not.toBe(before.digest);
        expect(view.aliases).toMatchObject([{ name: 'champion', version: 1n, revision: 1n, digest: after?.digest }]);
        expect(await reads.policies.get('nouveau (été)', 'champion')).toMatchObject({ approvalsRequired: 0 });
        expect(await reads.versions.get('old', 1n)).toBeUndefined();
        expect(await reads.aliases.get('old', 'champion')).toMatchObject({ version: undefined, revision: 2n });
        expect(
          (await reads.moves.list('nouveau (été)', 'champion', { pageSize: 9, pageToken: '' })).items,
        ).toHaveLength(1);
      });
      const query = { model: 'nouveau (été)', selector: { alias: 'champion' } };
      for await (const part of downloadModelVersion(alice, query, deps, new AbortController().signal)) {
        if (part.kind !== 'envelope') continue;
        const { manifest } = verifyEnvelope(JSON.parse(part.json), [trustedKeyOf(deps.signingKey)]);
        expect(manifest).toMatchObject({ model: 'nouveau (été)', version: 1 });
      }
      const facts = (await harness.facts()).slice(from).map(({ type, data }) => `${type} ${String(data['model'])}`);
      expect(facts).toHaveLength(4);
      await newModel(deps, alice, 'old');
      expect((await newVersion(deps, alice, 'old')).version.version).toBe(2n); // numbers are never used twice
      const taken = { name: 'old', newName: 'nouveau (été)', requestId: '' };
      await expect(renameRegisteredModel(alice, taken, deps)).rejects.toMatchObject({ reason: 'MODEL_ALREADY_EXISTS' });
      const bad = { ...taken, newName: 'e\u0301' };
      await expect(renameRegisteredModel(alice, bad, deps)).rejects.toMatchObject({ reason: 'MODEL_NAME_INVALID' });
    });

    it('deletes a version with the aliases that name it, unless one of them has a policy', async () => {
      await newModel(deps, alice, 'flights');
      for (let version = 1; version <= 2; version += 1) await newVersion(deps, alice, 'flights');
      await harness.unitOfWork.run(alice, async (tx) => {
        const stored = { workspace: 'default', model: 'flights', previousVersion: undefined, revision: 1n, digest: '' };
        for (const [alias, version] of [
          ['a', 1n],
          ['b', 1n],
          ['other', 2n],
        ] as const)
          await tx.aliases.put({ ...stored, name: alias, version, principal: 'alice', updateTime: 1n });
      });
      await setAliasPolicy(
        alice,
        { model: 'flights', alias: 'b', gates: [], approvalsRequired: 0, requestId: '' },
        deps,
      );
      const request = { model: 'flights', version: 1n, withAliases: true, requestId: '' };
      const refused = { reason: 'MODEL_VERSION_IN_USE', facts: { aliases: 'b' } };
      await expect(deleteModelVersion(alice, request, deps)).rejects.toMatchObject(refused);
      await harness.unitOfWork.run(alice, (tx) => tx.policies.deleteAll('flights'));
      await deleteModelVersion(alice, request, deps);
      await harness.unitOfWork.read(alice.caller, async (reads) => {
        expect((await reads.aliases.ofModels(['flights'])).map(({ name }) => name)).toEqual(['other']);
        expect(await reads.versions.get('flights', 1n)).toBeUndefined();
      });
    });

    it('deletes a model with its aliases, unless one of them has a policy', async () => {
      await newModel(deps, alice, 'flights');
      await newVersion(deps, alice, 'flights');
      await harness.unitOfWork.run(alice, async (tx) => {
        const stored = { workspace: 'default', model: 'flights', previousVersion: undefined, revision: 1n, digest: '' };
        for (const alias of ['a', 'b']) {
          await tx.aliases.put({ ...stored, name: alias, version: 1n, principal: 'alice', updateTime: 1n });
        }
      });
      const policy = { model: 'flights', alias: 'b', gates: [], approvalsRequired: 0, requestId: '' };
      await setAliasPolicy(alice, policy, deps);
      const request = { name: 'flights', withAliases: true, requestId: '' };
      await expect(deleteRegisteredModel(alice, request, deps)).rejects.toMatchObject({
        reason: 'MODEL_HAS_ALIASES',
        facts: { aliases: 'b' },
      });
      await newModel(deps, alice, 'other');
      await harness.unitOfWork.run(alice, async (tx) => {
        const [alias] = await tx.aliases.ofModels(['flights']);
        expect(alias?.name).toBe('a'); // the refusal took nothing with it
        await tx.policies.deleteAll('flights');
      });
      await deleteRegisteredModel(alice, request, deps);
      expect(await models('')).toEqual(['other']);
      await harness.unitOfWork.read(alice.caller, async (reads) => {
        expect(await reads.aliases.get('flights', 'a')).toMatchObject({ version: undefined, revision: 2n });
      });
    });
  });
}
