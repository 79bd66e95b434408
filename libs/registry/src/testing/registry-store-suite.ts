import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INT64_MAX, type Clock } from '@slipway/kernel';
import type { LiveAlias } from '../domain/alias.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { ModelOrder, RegistryTransaction } from '../domain/unit-of-work.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import { ManualClock } from './manual-clock.ts';
import { aliasRow, approvalRow, evaluationRow, modelRow, sealedVersion } from './sample-rows.ts';
import { callBy, callerOf } from './registry-fixture.ts';
import type { RegistryStoreHarness } from './registry-store-harness.ts';

const alice = callBy('alice');
const elsewhere = callBy('alice', 'elsewhere');
const FIRST: PageRequest = { pageSize: 100, pageToken: '' };
const BY_NAME: ModelOrder = { field: 'name', descending: false };

/** What the use cases rely on; the fake and both databases pass it. */
export function registryStoreSuite(name: string, make: (clock: Clock) => Promise<RegistryStoreHarness>): void {
  describe(`registry store contract: ${name}`, () => {
    const clock = new ManualClock();
    let harness: RegistryStoreHarness;
    const run = <T>(work: (tx: RegistryTransaction) => Promise<T>, call = alice): Promise<T> =>
      harness.unitOfWork.run(call, work);
    beforeEach(async () => {
      harness = await make(clock);
    });
    afterEach(() => harness.stop());

    it('keeps every field of every noun', async () => {
      const model = modelRow('flights', { lastVersion: INT64_MAX, tags: { 'ключ\n"': '✓ \\ {}', '': 'x' } });
      const { version, envelope } = sealedVersion('flights', 2n ** 53n + 1n);
      const alias = aliasRow('flights', 'champion', version.version, { previousVersion: undefined, revision: 1n });
      const move = { model: 'flights', alias: 'champion', revision: 1n, version: version.version, previousVersion: undefined, principal: 'bob', time: -1n, rolledBack: true }; // prettier-ignore
      const policy = { model: 'flights', alias: 'champion', gates: [{ gate: 'metric', parameters: { metric: 'auc' } }], approvalsRequired: 2, revision: 7n }; // prettier-ignore
      const evaluation = evaluationRow(version, 5n, { tiny: 5e-324, huge: -Number.MAX_VALUE, third: 1 / 3 });
      const approval = approvalRow(version, 6n, { decision: 'rejected', comment: 'worse at night' });
      await run(async (tx) => {
        await tx.models.insert(model);
        await tx.versions.insert(version, envelope);
        await tx.aliases.put(alias);
        await tx.moves.add(move);
        await tx.policies.put(policy);
        await tx.evaluations.add(evaluation);
        await tx.approvals.add(approval);
      });
      await harness.unitOfWork.read(alice.caller, async (reads) => {
        const { version: number } = version;
        expect(await reads.models.get('flights')).toEqual(model);
        expect(await reads.versions.get('flights', number)).toEqual(version);
        expect(await reads.versions.get('flights', number - 1n)).toBeUndefined();
        expect(await reads.versions.envelope('flights', number)).toEqual(envelope);
        expect(await reads.aliases.get('flights', 'champion')).toEqual(alias);
        expect((await reads.moves.list('flights', 'champion', FIRST)).items).toEqual([move]);
        expect(await reads.policies.get('flights', 'champion')).toEqual(policy);
        expect((await reads.evaluations.list('flights', number, FIRST)).items).toEqual([evaluation]);
        expect((await reads.approvals.list('flights', number, FIRST)).items).toEqual([approval]);
        expect(await reads.approvals.about('flights', number, 'champion')).toEqual([approval]);
        expect(await reads.approvals.about('flights', number, 'other')).toEqual([]);
      });
    });

    it('keeps nothing of a unit of work that fails', async () => {
      const failing = run(async (tx) => {
        await tx.models.insert(modelRow('flights'));
        tx.events.add({ kind: 'model-changed', model: 'flights', deleted: false });
        tx.audit.add({ action: 'registry.models.create', resource: 'models/flights', details: {} });
        await tx.blobs.claim(['a'.repeat(64)]);
        await tx.once('m', 'id-1', {}, () => Promise.resolve({ answer: 1n }));
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await harness.facts()).toEqual([]);
      expect(await harness.audit()).toEqual([]);
      clock.advance(1);
      expect(await harness.ledger.unused(clock.now(), 10)).toEqual([]);
      await run(async (tx) => {
        expect(await tx.models.get('flights')).toBeUndefined();
        expect(await tx.once('m', 'id-1', {}, () => Promise.resolve('runs'))).toBe('runs');
      });
    });

    it('commits facts and audit rows with the change, in order', async () => {
      await run(async (tx) => {
        await tx.models.insert(modelRow('flights'));
        tx.events.add({ kind: 'model-changed', model: 'flights', deleted: false });
        tx.events.add({ kind: 'version-deleted', model: 'flights', version: INT64_MAX, principal: 'alice' });
        tx.audit.add({ action: 'registry.models.create', resource: 'models/flights', details: { a: 'b' } });
      });
      expect(await harness.facts()).toMatchObject([
        { workspace: 'default', type: 'slipway.registry.model.changed.v1', key: 'flights', data: { deleted: false } },
        { type: 'slipway.registry.version.deleted.v1', data: { version: INT64_MAX.toString() } },
      ]);
      expect(await harness.audit()).toMatchObject([
        { workspace: 'default', principal: 'alice', action: 'registry.models.create', resource: 'models/flights' },
      ]);
    });

    it('refuses a second model of the same name and takes it in another workspace', async () => {
      await run((tx) => tx.models.insert(modelRow('flights')));
      await expect(run((tx) => tx.models.insert(modelRow('flights')))).rejects.toMatchObject({
        kind: 'already-exists',
        reason: 'MODEL_ALREADY_EXISTS',
      });
      await run((tx) => tx.models.insert(modelRow('flights')), elsewhere);
    });

    it('shows nothing of another workspace', async () => {
      const { version, envelope } = sealedVersion('flights', 1n);
      await run(async (tx) => {
        await tx.models.insert(modelRow('flights'));
        await tx.versions.insert(version, envelope);
        await tx.aliases.put(aliasRow('flights', 'champion', 1n));
        await tx.policies.put({ model: 'flights', alias: 'champion', gates: [], approvalsRequired: 0, revision: 1n });
        await tx.evaluations.add(evaluationRow(version, 1n, { auc: 0.5 }));
        await tx.approvals.add(approvalRow(version, 2n));
      });
      await run(async (tx) => {
        expect(await tx.models.get('flights')).toBeUndefined();
        expect(await tx.models.lock('flights')).toBeUndefined();
        expect((await tx.models.list(BY_NAME, FIRST)).items).toEqual([]);
        expect(await tx.versions.get('flights', 1n)).toBeUndefined();
        expect(await tx.versions.envelope('flights', 1n)).toBeUndefined();
        expect((await tx.versions.list('flights', false, FIRST)).items).toEqual([]);
        expect(await tx.aliases.get('flights', 'champion')).toBeUndefined();
        expect(await tx.aliases.ofModels(['flights'])).toEqual([]);
        expect((await tx.aliases.list({ model: undefined, allWorkspaces: false }, FIRST)).items).toEqual([]);
        expect(await tx.policies.get('flights', 'champion')).toBeUndefined();
        expect(await tx.evaluations.newest('flights', 1n)).toEqual([]);
        expect(await tx.approvals.about('flights', 1n, 'champion')).toEqual([]);
        await tx.versions.deleteAll('flights');
        await tx.policies.deleteAll('flights');
      }, elsewhere);
      expect(await run((tx) => tx.versions.get('flights', 1n))).toEqual(version);
      expect(await run((tx) => tx.policies.get('flights', 'champion'))).toBeDefined();
    });

    it('pages through models in both orders and directions, for all page sizes', async () => {
      const names = ['a', 'B', 'c-1', 'c.1', 'c_1', 'd', 'Z', 'zz', '0'];
      const models = names.map((each, index) => modelRow(each, { createTime: BigInt(index % 3) * 2n ** 50n }));
      await run(async (tx) => {
        for (const model of models) await tx.models.insert(model);
        await tx.models.insert(modelRow('gone', { deleted: true }));
      });
      const byName = [...names].sort();
      const byTime = [0, 1, 2].flatMap((time) => byName.filter((each) => names.indexOf(each) % 3 === time));
      for (const [field, expected] of [
        ['name', byName],
        ['create_time', byTime],
      ] as const) {
        for (const descending of [false, true]) {
          for (const pageSize of [1, 2, 3, 8, 9, 10]) {
            const list = (page: PageRequest) =>
              harness.unitOfWork.read(alice.caller, (reads) => reads.models.list({ field, descending }, page));
            const found = await allPages(list, pageSize);
            expect(found.map((model) => model.name)).toEqual(descending ? [...expected].reverse() : expected);
          }
        }
      }
    });

    it('refuses tokens that are not of the list', async () => {
      await run(async (tx) => {
        for (const each of ['a', 'b', 'c']) await tx.models.insert(modelRow(each));
      });
      const list = (order: ModelOrder, pageToken: string) =>
        run((tx) => tx.models.list(order, { pageSize: 1, pageToken }));
      const { nextPageToken = '' } = await list(BY_NAME, '');
      expect(nextPageToken).not.toBe('');
      const refused = { kind: 'invalid-argument', violations: [{ field: 'page_token' }] };
      await expect(list({ field: 'name', descending: true }, nextPageToken)).rejects.toMatchObject(refused);
      await expect(list({ field: 'create_time', descending: false }, nextPageToken)).rejects.toMatchObject(refused);
      for (const token of ['x', 'e30', `AAAA${nextPageToken}`, 'W10', nextPageToken.slice(0, -4)]) {
        await expect(list(BY_NAME, token), token).rejects.toMatchObject(refused);
      }
    });

    it('lists versions by number, beyond 2^53 too, and deletes what belongs to one', async () => {
      const numbers = [1n, 2n, 10n, 2n ** 53n, 2n ** 53n + 1n];
      await run(async (tx) => {
        await tx.models.insert(modelRow('flights'));
        for (const number of numbers) {
          const { version, envelope } = sealedVersion('flights', number);
          await tx.versions.insert(version, envelope);
          await tx.evaluations.add(evaluationRow(version, number, { auc: 0.5 }));
          await tx.approvals.add(approvalRow(version, number));
        }
      });
      for (const descending of [false, true]) {
        const list = (page: PageRequest) => run((tx) => tx.versions.list('flights', descending, page));
        const found = (await allPages(list, 2)).map(({ version }) => version);
        expect(found).toEqual(descending ? [...numbers].reverse() : numbers);
      }
      await run((tx) => tx.versions.delete('flights', 10n));
      await run(async (tx) => {
        expect(await tx.versions.get('flights', 10n)).toBeUndefined();
        expect(await tx.versions.envelope('flights', 10n)).toBeUndefined();
        expect(await tx.evaluations.newest('flights', 10n)).toEqual([]);
        expect((await tx.approvals.list('flights', 10n, FIRST)).items).toEqual([]);
        expect(await tx.evaluations.newest('flights', 2n)).toHaveLength(1);
        await tx.versions.deleteAll('flights');
        expect((await tx.versions.list('flights', false, FIRST)).items).toEqual([]);
        expect(await tx.evaluations.newest('flights', 2n)).toEqual([]);
      });
    });

    it('changes description and tags of a version and nothing else', async () => {
      const { version, envelope } = sealedVersion('flights', 1n);
      await run(async (tx) => {
        await tx.versions.insert(version, envelope);
        await tx.versions.update({ ...version, description: 'new', tags: { a: 'b' }, updateTime: 9n });
      });
      const expected = { ...version, description: 'new', tags: { a: 'b' }, updateTime: 9n };
      expect(await run((tx) => tx.versions.get('flights', 1n))).toEqual(expected);
    });

    it('lists aliases that name a version, of one model, of one workspace and of all', async () => {
      const put = (aliases: LiveAlias[], call = alice) =>
        run(async (tx) => {
          for (const alias of aliases) await tx.aliases.put({ ...alias, workspace: call.caller.workspace });
        }, call);
      await put([aliasRow('b', 'x', 1n), aliasRow('a', 'y', 1n), aliasRow('a', 'x', 2n)]);
      await run((tx) => tx.aliases.put({ ...aliasRow('a', 'deleted', 1n), version: undefined }));
      await put([aliasRow('a', 'x', 5n)], elsewhere);
      const list = async (model: string | undefined, allWorkspaces: boolean) => {
        const all = await allPages((page) => run((tx) => tx.aliases.list({ model, allWorkspaces }, page)), 2);
        return all.map((alias) => `${alias.workspace}/${alias.model}/${alias.name}@${alias.version}`);
      };
      expect(await list(undefined, false)).toEqual(['default/a/x@2', 'default/a/y@1', 'default/b/x@1']);
      expect(await list('a', false)).toEqual(['default/a/x@2', 'default/a/y@1']);
      expect(await list(undefined, true)).toEqual([
        'default/a/x@2',
        'default/a/y@1',
        'default/b/x@1',
        'elsewhere/a/x@5',
      ]);
      expect(await list('a', true)).toEqual(['default/a/x@2', 'default/a/y@1', 'elsewhere/a/x@5']);
      const some = await run((tx) => tx.aliases.ofModels(['b', 'a', 'none']));
      expect(some.map(({ model, name: alias }) => `${model}/${alias}`)).toEqual(['a/x', 'a/y', 'b/x']);
      expect((await run((tx) => tx.aliases.get('a', 'deleted')))?.version).toBeUndefined();
    });

    it('replaces an alias and a policy', async () => {
      const policy = { model: 'a', alias: 'x', gates: [], approvalsRequired: 0, revision: 1n };
      await run(async (tx) => {
        await tx.aliases.put(aliasRow('a', 'x', 1n));
        await tx.policies.put(policy);
      });
      const next = aliasRow('a', 'x', 2n, { previousVersion: 1n, revision: 2n });
      await run(async (tx) => {
        await tx.aliases.put(next);
        await tx.policies.put({ ...policy, approvalsRequired: 3, revision: 2n });
      });
      await run(async (tx) => {
        expect(await tx.aliases.get('a', 'x')).toEqual(next);
        expect(await tx.policies.get('a', 'x')).toMatchObject({ approvalsRequired: 3, revision: 2n });
        await tx.policies.deleteAll('a');
        expect(await tx.policies.get('a', 'x')).toBeUndefined();
      });
    });

    it('gives moves, evaluations and approvals newest first', async () => {
      const { version, envelope } = sealedVersion('a', 1n);
      await run(async (tx) => {
        await tx.versions.insert(version, envelope);
        for (let count = 1n; count <= 5n; count++) {
          await tx.moves.add({ model: 'a', alias: 'x', revision: count, version: count, previousVersion: undefined, principal: 'bob', time: 0n, rolledBack: false }); // prettier-ignore
          await tx.evaluations.add(evaluationRow(version, count, { auc: Number(count) }));
          await tx.approvals.add(approvalRow(version, count));
        }
      });
      const newestFirst = [5n, 4n, 3n, 2n, 1n];
      const moves = await allPages((page) => run((tx) => tx.moves.list('a', 'x', page)), 2);
      expect(moves.map(({ revision }) => revision)).toEqual(newestFirst);
      const evaluations = await allPages((page) => run((tx) => tx.evaluations.list('a', 1n, page)), 2);
      expect(evaluations.map(({ sequence, metrics }) => [sequence, metrics['auc']])).toEqual(
        newestFirst.map((sequence) => [sequence, Number(sequence)]),
      );
      const approvals = await allPages((page) => run((tx) => tx.approvals.list('a', 1n, page)), 2);
      expect(approvals.map(({ sequence }) => sequence)).toEqual(newestFirst);
      const about = await run((tx) => tx.approvals.about('a', 1n, 'champion'));
      expect(about.map(({ sequence }) => sequence)).toEqual([...newestFirst].reverse());
    });

    it('for all evaluations: the newest value of each metric and dataset is the last one recorded', async () => {
      const record = fc.record({
        dataset: fc.constantFrom('q1', 'q2', 'Q1'),
        metrics: fc.dictionary(
          fc.constantFrom('auc', 'loss', 'constructor'),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          { minKeys: 1 },
        ),
      });
      let number = 0n;
      await fc.assert(
        fc.asyncProperty(fc.array(record, { maxLength: 6 }), async (records) => {
          const { version, envelope } = sealedVersion('a', (number += 1n));
          const expected = new Map<string, number>();
          await run((tx) => tx.versions.insert(version, envelope));
          for (const [index, { dataset, metrics }] of records.entries()) {
            const evaluation: Evaluation = { ...evaluationRow(version, BigInt(index + 1), metrics), dataset };
            await run((tx) => tx.evaluations.add(evaluation));
            for (const [metric, value] of Object.entries(metrics)) expected.set(`${metric} ${dataset}`, value);
          }
          const newest = await run((tx) => tx.evaluations.newest('a', version.version));
          const found = newest.map(({ metric, dataset, value }) => [`${metric} ${dataset}`, value] as const);
          expect(new Map(found)).toEqual(expected);
          expect(newest).toHaveLength(expected.size);
        }),
        { numRuns: 25 },
      );
    });

    it('answers a repeated request with the first answer and refuses another request of that id', async () => {
      let times = 0;
      const once = (id: string, request: object, call = alice, method = 'registry.Test') =>
        run(
          (tx) => tx.once(method, id, request, () => Promise.resolve({ count: BigInt((times += 1)), none: undefined })),
          call,
        );
      const first = await once('id-1', { a: 1n, b: [2n] });
      expect(await once('id-1', { b: [2n], a: 1n })).toEqual(first);
      expect(times).toBe(1);
      await expect(once('id-1', { a: 1n, b: [3n] })).rejects.toMatchObject({
        kind: 'invalid-argument',
        reason: 'REQUEST_ID_REUSED',
      });
      expect((await once('id-1', { a: 1n, b: [2n] }, callBy('bob'))).count).toBe(2n);
      expect((await once('id-1', { a: 1n, b: [2n] }, elsewhere)).count).toBe(3n);
      expect((await once('id-1', { a: 1n, b: [2n] }, alice, 'registry.Other')).count).toBe(4n);
      await once('', {});
      expect((await once('', {})).count).toBe(6n);
    });

    it('finds unused files by age and keeps what is named, renewed or claimed again', async () => {
      const [used, old, young] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
      const { version, envelope } = sealedVersion('flights', 1n, used);
      await run(async (tx) => {
        await tx.blobs.claim([used, old]);
        await tx.versions.insert(version, envelope);
      });
      await run((tx) => tx.blobs.claim([used]), elsewhere);
      clock.advance(1000);
      await run((tx) => tx.blobs.claim([young]));
      const before = clock.now();
      const unused = async () =>
        (await harness.ledger.unused(before, 10)).map(({ workspace, sha256 }) => `${workspace} ${sha256.charAt(0)}`);
      expect((await unused()).sort()).toEqual(['default b', 'elsewhere a']);
      expect(await harness.ledger.unused(before, 1)).toHaveLength(1);

      const drop = async (sha256: string, remove = () => Promise.resolve()) =>
        harness.ledger.drop({ workspace: 'default', sha256 }, before, remove);
      await expect(drop(old, () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
      expect(await unused()).toContain('default b');
      expect(await drop(used)).toBe(false);
      expect(await drop(young)).toBe(false);
      await run((tx) => tx.blobs.claim([old]));
      expect(await drop(old)).toBe(false);
      expect(await unused()).toEqual(['elsewhere a']);

      clock.advance(1000);
      expect(
        await harness.ledger.drop({ workspace: 'default', sha256: old }, clock.now(), () => Promise.resolve()),
      ).toBe(true);
      expect(await run((tx) => tx.blobs.hold([used, young]))).toBe(true);
      expect(await run((tx) => tx.blobs.hold([used, old]))).toBe(false);
      await run(async (tx) => {
        await tx.blobs.renew('flights', 1n);
        await tx.versions.delete('flights', 1n);
      });
      const found = await harness.ledger.unused(clock.now(), 10);
      expect(found.map(({ workspace, sha256 }) => `${workspace} ${sha256.charAt(0)}`).sort()).toEqual([
        'default c',
        'elsewhere a',
      ]);
    });

    it('lets a reader see all of a commit or nothing', async () => {
      const reads = harness.unitOfWork.read(callerOf('alice'), async (snapshot) => {
        const before = await snapshot.models.get('flights');
        return { before, after: await snapshot.models.get('flights') };
      });
      await run((tx) => tx.models.insert(modelRow('flights')));
      const { before, after } = await reads;
      expect(after).toEqual(before);
    });
  });
}

async function allPages<Item>(list: (page: PageRequest) => Promise<Page<Item>>, pageSize: number): Promise<Item[]> {
  const found: Item[] = [];
  let pageToken = '';
  for (let pages = 0; pages < 100; pages++) {
    const { items, nextPageToken } = await list({ pageSize, pageToken });
    expect(items.length).toBeLessThanOrEqual(pageSize);
    found.push(...items);
    if (nextPageToken === undefined) return found;
    expect(items.length).toBe(pageSize);
    pageToken = nextPageToken;
  }
  throw new Error('the pages do not end');
}
