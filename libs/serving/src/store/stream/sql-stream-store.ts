import { AlreadyExistsError, DEFAULT_WORKSPACE, type IdSource } from '@slipway/kernel';
import {
  pageOf,
  pageQuery,
  type Keyset,
  type Snapshot,
  type Transaction,
  type UnitOfWork,
  type UnitOfWorkContext,
} from '@slipway/persistence';
import type { LeasedStream, StreamDefinition, StreamLease, StreamStore } from '../../domain/stream/stream.ts';
import { StreamRow, type StreamRecord } from './stream-entity.ts';

const UNTRACKED = { disableIdentityMap: true } as const;

// The guard and the write are one statement, so that of two servers at once one gets the stream.
const TAKE = 'update serving_stream set owner = ?, leased_until = ? where owner = ? or owner = ? or leased_until < ?';
const RELEASE = 'update serving_stream set owner = ?, leased_until = ? where owner = ?';

const definitionOf = (row: StreamRecord): StreamDefinition => ({
  workspace: row.workspace,
  name: row.name,
  id: row.id,
  model: row.model,
  alias: row.alias,
  table: row.predictionTable,
  tableKeys: row.tableKeys,
  fromBeginning: row.fromBeginning,
  principal: row.principal,
  created: row.created,
});

/** Streams in the service's own database. */
export class SqlStreamStore implements StreamStore {
  readonly #unitOfWork: UnitOfWork;
  readonly #ids: IdSource;

  constructor(unitOfWork: UnitOfWork, ids: IdSource) {
    this.#unitOfWork = unitOfWork;
    this.#ids = ids;
  }

  create: StreamStore['create'] = (call, draft, requestId, lease) =>
    this.#unitOfWork.run(call, (tx) => {
      const { id: _, ...request } = draft; // a repeat has another id
      return tx.requests.once('serving.CreateStream', requestId, request, async () => {
        const { workspace, principal } = call.caller;
        const { name } = draft;
        if (await tx.em.findOne(StreamRow, { workspace, name }, UNTRACKED)) throw alreadyExists(name);
        const definition: StreamDefinition = { ...draft, workspace, principal, created: tx.now };
        await tx.em.insert(StreamRow, rowOf(definition, lease, tx.now));
        const details = { model: `${draft.model}@${draft.alias}`, table: draft.table };
        tx.audit.add({ action: 'serving.streams.create', resource: `streams/${name}`, details });
        return definition;
      });
    });

  delete: StreamStore['delete'] = (call, name, requestId) =>
    this.#unitOfWork.run(call, (tx) =>
      tx.requests.once('serving.DeleteStream', requestId, { name }, async () => {
        const deleted = await tx.em.nativeDelete(StreamRow, { workspace: call.caller.workspace, name });
        if (deleted > 0) tx.audit.add({ action: 'serving.streams.delete', resource: `streams/${name}` });
      }),
    );

  get: StreamStore['get'] = ({ workspace, name }) =>
    this.#unitOfWork.read(async (snapshot) => {
      const row = await snapshot.em.findOne(StreamRow, { workspace, name }, UNTRACKED);
      return row ? leasedOf(row, snapshot) : undefined;
    });

  list: StreamStore['list'] = (workspace, page) =>
    this.#unitOfWork.read(async (snapshot) => {
      const keyset: Keyset<StreamRecord> = {
        workspace,
        list: 'streams',
        filter: [],
        fields: { name: 'string' },
        descending: false,
        keyOf: ({ name }) => [name],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const rows = await snapshot.em.find(StreamRow, { workspace, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, (row) => leasedOf(row, snapshot));
    });

  listAll: StreamStore['listAll'] = () =>
    this.#unitOfWork.read(async (snapshot) => (await findAll(snapshot)).map((row) => leasedOf(row, snapshot)));

  async lease(lease: StreamLease): Promise<readonly StreamDefinition[]> {
    // most installations have no stream, and should not write for that every second
    if ((await this.#unitOfWork.read(findAll)).length === 0) return [];
    return this.#unitOfWork.run(this.#own(lease.owner), async (tx) => {
      const until = tx.now + BigInt(lease.leaseMs) * 1_000n;
      await tx.sql.run(TAKE, [lease.owner, until, lease.owner, '', tx.now]);
      return (await findAll(tx)).filter(({ owner }) => owner === lease.owner).map(definitionOf);
    });
  }

  async release(owner: string): Promise<void> {
    if ((await this.#unitOfWork.read(findAll)).every((row) => row.owner !== owner)) return;
    await this.#unitOfWork.run(this.#own(owner), (tx) => tx.sql.run(RELEASE, ['', 0n, owner]));
  }

  /** The server itself, which acts in all workspaces. */
  #own(owner: string): UnitOfWorkContext {
    return {
      caller: { principal: owner, workspace: DEFAULT_WORKSPACE, allWorkspaces: true, permissions: new Set() },
      requestId: this.#ids.next(),
    };
  }
}

const alreadyExists = (name: string): AlreadyExistsError =>
  new AlreadyExistsError(`there is a stream '${name}' already`, { reason: 'STREAM_EXISTS', facts: { stream: name } });

const rowOf = (definition: StreamDefinition, { owner, leaseMs }: StreamLease, now: bigint): StreamRecord => {
  const { table, ...rest } = definition;
  return { ...rest, predictionTable: table, owner, leasedUntil: now + BigInt(leaseMs) * 1_000n };
};

const leasedOf = (row: StreamRecord, { now }: Pick<Snapshot, 'now'>): LeasedStream => ({
  definition: definitionOf(row),
  owner: row.leasedUntil >= now ? row.owner : '',
});

const findAll = ({ em }: Pick<Transaction, 'em'>): Promise<StreamRecord[]> =>
  em.find(StreamRow, {}, { orderBy: { workspace: 'asc', name: 'asc' }, ...UNTRACKED });
