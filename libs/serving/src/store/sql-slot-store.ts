import type { EventDefinition, IdSource } from '@slipway/kernel';
import type { Transaction, UnitOfWork, UnitOfWorkContext } from '@slipway/persistence';
import type { ModelFailedFact, ModelLoadedFact } from '../domain/facts.ts';
import type { SlotStore, StoredSlot } from '../domain/ports.ts';
import type { LoadFailure, Target } from '../domain/slot.ts';
import type { SlotKey } from '../domain/slot-key.ts';

interface FactCodec<Fact, Payload extends object> {
  readonly definition: EventDefinition<Payload>;
  toPayload(fact: Fact): Payload;
}

export interface SqlSlotStoreOptions<Loaded extends object, Failed extends object> {
  readonly unitOfWork: UnitOfWork;
  /** Name of this server; several may keep their slots in one database. */
  readonly server: string;
  readonly ids: IdSource;
  readonly loaded: FactCodec<ModelLoadedFact, Loaded>;
  readonly failed: FactCodec<ModelFailedFact, Failed>;
}

interface Row {
  readonly workspace: string;
  readonly model: string;
  readonly alias: string;
  readonly desired_version: string;
  readonly desired_digest: string;
  readonly desired_revision: string;
  readonly actual_version: string | null;
  readonly actual_digest: string | null;
  readonly actual_revision: string | null;
}

const LIST = `select workspace, model, alias,
    cast(desired_version as text) as desired_version, desired_digest, cast(desired_revision as text) as desired_revision,
    cast(actual_version as text) as actual_version, actual_digest, cast(actual_revision as text) as actual_revision
  from serving_slot where server = ? order by workspace, model, alias`;

// The guard and the write are one statement, so that of two moves at once the newer one stays, whichever comes first.
const DESIRE = `insert into serving_slot
    (workspace, server, model, alias, desired_version, desired_digest, desired_revision, updated_at)
  values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (workspace, server, model, alias) do update set
    desired_version = excluded.desired_version, desired_digest = excluded.desired_digest,
    desired_revision = excluded.desired_revision, failed_revision = null, failed_reason = null,
    actual_version = case when excluded.desired_version = 0 then null else serving_slot.actual_version end,
    actual_digest = case when excluded.desired_version = 0 then null else serving_slot.actual_digest end,
    actual_revision = case when excluded.desired_version = 0 then null else serving_slot.actual_revision end,
    updated_at = excluded.updated_at
  where serving_slot.desired_revision < excluded.desired_revision`;

const ONE = 'workspace = ? and server = ? and model = ? and alias = ?';
const LOADED = `update serving_slot set actual_version = ?, actual_digest = ?, actual_revision = ?, updated_at = ?
  where ${ONE} and (actual_revision is null or actual_revision < ?)`;
const FAILED = `update serving_slot set failed_revision = ?, failed_reason = ?, updated_at = ?
  where ${ONE} and desired_revision = ? and (failed_revision is null or failed_revision <> ? or failed_reason <> ?)`;
const FORGET = `delete from serving_slot where ${ONE}`;

const toStored = (row: Row): StoredSlot => ({
  key: { workspace: row.workspace, model: row.model, alias: row.alias },
  desired: {
    version: BigInt(row.desired_version),
    digest: row.desired_digest,
    revision: BigInt(row.desired_revision),
  },
  actual:
    row.actual_version === null
      ? undefined
      : {
          version: BigInt(row.actual_version),
          digest: row.actual_digest ?? '',
          revision: BigInt(row.actual_revision ?? 0),
        },
});

/** Slots of one server in the service's own database; facts go to the outbox of the same transaction. */
export class SqlSlotStore<Loaded extends object, Failed extends object> implements SlotStore {
  readonly #options: SqlSlotStoreOptions<Loaded, Failed>;

  constructor(options: SqlSlotStoreOptions<Loaded, Failed>) {
    this.#options = options;
  }

  async list(): Promise<readonly StoredSlot[]> {
    const rows = await this.#options.unitOfWork.read(({ sql }) => sql.all<Row>(LIST, [this.#options.server]));
    return rows.map(toStored);
  }

  async desire(key: SlotKey, { version, digest, revision }: Target): Promise<boolean> {
    const changed = await this.#write(key, ({ sql, now }) =>
      sql.run(DESIRE, [...this.#row(key), version, digest, revision, now]),
    );
    return changed > 0;
  }

  async recordLoaded(key: SlotKey, actual: Target, previous: Target | undefined, loadMs: number): Promise<void> {
    const { loaded, server } = this.#options;
    await this.#write(key, async ({ sql, now, outbox }) => {
      const values = [actual.version, actual.digest, actual.revision, now, ...this.#row(key), actual.revision];
      if ((await sql.run(LOADED, values)) === 0) return;
      outbox.add(loaded.definition, loaded.toPayload({ key, server, actual, previous, loadMs }));
    });
  }

  async recordFailed(
    key: SlotKey,
    desired: Target,
    { reason, message }: LoadFailure,
    actual: Target | undefined,
  ): Promise<void> {
    const { failed, server } = this.#options;
    const { revision } = desired;
    await this.#write(key, async ({ sql, now, outbox }) => {
      const values = [revision, reason, now, ...this.#row(key), revision, revision, reason];
      if ((await sql.run(FAILED, values)) === 0) return;
      outbox.add(failed.definition, failed.toPayload({ key, server, desired, reason, message, actual }));
    });
  }

  async forget(keys: readonly SlotKey[]): Promise<void> {
    for (const key of keys) await this.#write(key, ({ sql }) => sql.run(FORGET, this.#row(key)));
  }

  #row({ workspace, model, alias }: SlotKey): [string, string, string, string] {
    return [workspace, this.#options.server, model, alias];
  }

  #write<Result>(key: SlotKey, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const { unitOfWork, server, ids } = this.#options;
    const context: UnitOfWorkContext = {
      caller: { principal: server, workspace: key.workspace, allWorkspaces: true, permissions: new Set() },
      requestId: ids.next(),
    };
    return unitOfWork.run(context, work);
  }
}
