import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { createUnitOfWork, openDatabase, type Database, type DatabaseTarget } from '@slipway/persistence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamCall, StreamDraft } from '../../domain/stream/stream.ts';
import { servingEntities } from '../../store/slot-entity.ts';
import { servingMigrations } from '../../store/slot-table.ts';
import { SqlStreamStore } from '../../store/stream/sql-stream-store.ts';

const LEASE_MS = 300;
const callOf = (workspace = 'default'): StreamCall => ({
  caller: { principal: 'alice', workspace, allWorkspaces: false, permissions: new Set(['*']) },
  requestId: 'call',
});
const draft = (name: string, changes: Partial<StreamDraft> = {}): StreamDraft => ({
  id: `id-${name}`,
  name,
  model: 'm',
  alias: 'champion',
  table: 't',
  tableKeys: ['a', 'b'],
  fromBeginning: true,
  ...changes,
});
const lease = (owner: string) => ({ owner, leaseMs: LEASE_MS });

/** Definitions of streams and their leases on a real database. */
export function streamStoreSuite(name: string, makeTarget: () => Promise<DatabaseTarget>): void {
  describe(`stream store: ${name}`, () => {
    let database: Database;
    let store: SqlStreamStore;
    beforeEach(async () => {
      const schema = { entities: servingEntities, migrations: servingMigrations, log: silentLogger };
      database = await openDatabase(await makeTarget(), schema);
      const ids = createIdSource(systemClock, seededRandom(1));
      store = new SqlStreamStore(createUnitOfWork({ database, ids, random: seededRandom(2) }), ids);
    });
    afterEach(() => database.close());
    const namesLeased = async (owner: string) => (await store.lease(lease(owner))).map((stream) => stream.name);

    it('keeps what a stream is, by workspace', async () => {
      const made = await store.create(callOf(), draft('s'), '', lease('one'));
      await store.create(callOf('other'), draft('s', { model: 'n' }), '', lease('one'));
      expect(made).toMatchObject({ ...draft('s'), workspace: 'default', principal: 'alice' });
      expect(await store.get({ workspace: 'default', name: 's' })).toEqual({ definition: made, owner: 'one' });
      expect((await store.list('other', { pageSize: 10, pageToken: '' })).items).toMatchObject([{ definition: { model: 'n' } }]); // prettier-ignore
      expect(await store.listAll()).toHaveLength(2);
      expect(await store.get({ workspace: 'default', name: 'x' })).toBeUndefined();
    });

    it('gives a name once, and a repeated request its first answer', async () => {
      const made = await store.create(callOf(), draft('s'), 'r', lease('one'));
      expect(await store.create(callOf(), draft('s', { id: 'another' }), 'r', lease('one'))).toEqual(made);
      await expect(store.create(callOf(), draft('s'), 'r2', lease('one'))).rejects.toMatchObject({ reason: 'STREAM_EXISTS' }); // prettier-ignore
      await store.delete(callOf(), 's', '');
      await store.delete(callOf(), 's', '');
      expect(await store.listAll()).toEqual([]);
      const again = await store.create(callOf(), draft('s', { id: 'second' }), 'r3', lease('one'));
      expect(again.id).toBe('second');
    });

    it('leases each stream to one server, until it hands it back or its lease ends', async () => {
      for (const each of ['a', 'b']) await store.create(callOf(), draft(each), '', lease('one'));
      expect(await namesLeased('two')).toEqual([]);
      expect(await namesLeased('one')).toEqual(['a', 'b']);
      await store.release('one');
      expect(await namesLeased('two')).toEqual(['a', 'b']);
      expect(await namesLeased('one')).toEqual([]);
      expect((await store.get({ workspace: 'default', name: 'a' }))?.owner).toBe('two');
      await systemClock.sleep(LEASE_MS + 50);
      expect((await store.get({ workspace: 'default', name: 'a' }))?.owner).toBe('');
      const both = await Promise.all([namesLeased('one'), namesLeased('three')]);
      expect(both.flat().toSorted()).toEqual(['a', 'b']); // of two at once one gets them
    });
  });
}
