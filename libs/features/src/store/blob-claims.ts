import type { SqlRunner, Transaction, UnitOfWork } from '@slipway/persistence';
import type { BlobClaims, BlobLedger, BlobRef, Call } from '../domain/unit-of-work.ts';
import { TRAINING_SET_OPERATION } from '../domain/operations.ts';

/** Rows are locked where the database has row locks; SQLite has one writer at a time. */
const forUpdate = ({ dialect }: SqlRunner): string => (dialect === 'postgresql' ? ' for update' : '');

export const blobClaims = ({ sql, now }: Transaction, workspace: string): BlobClaims => ({
  claim: async (digests) => {
    for (const sha256 of [...new Set(digests)].sort()) {
      await sql.run(
        `insert into features_blob_claim (workspace, sha256, claimed_at) values (?, ?, ?)
         on conflict (workspace, sha256) do update set claimed_at = excluded.claimed_at`,
        [workspace, sha256, now],
      );
    }
  },
  hold: async (digests) => {
    if (digests.length === 0) return true;
    const places = digests.map(() => '?').join(', ');
    const held = await sql.all(
      `select sha256 from features_blob_claim where workspace = ? and sha256 in (${places}) order by sha256${forUpdate(sql)}`,
      [workspace, ...digests],
    );
    return held.length === new Set(digests).size;
  },
});

/** Entity rows are named by the plans of unfinished operations only; so nothing of their workspace is removed meanwhile. */
const UNNAMED = `not exists (select 1 from features_ingestion i where i.workspace = c.workspace and i.accepted_sha256 = c.sha256)
  and not exists (select 1 from features_ingestion i where i.workspace = c.workspace and i.quarantine_sha256 = c.sha256)
  and not exists (select 1 from features_training_set_file f where f.workspace = c.workspace and f.sha256 = c.sha256)
  and not exists (select 1 from features_scoring_set_file f where f.workspace = c.workspace and f.sha256 = c.sha256)
  and not exists (select 1 from slipway_operation o where o.workspace = c.workspace
    and o.kind = '${TRAINING_SET_OPERATION}' and o.state in ('pending', 'running'))`;

/** @param call in whose name the sweeper works; it writes neither events nor audit rows. */
export const blobLedger = (unitOfWork: UnitOfWork, call: Call): BlobLedger => ({
  unused: (before, limit) =>
    unitOfWork.read(({ sql }) =>
      sql.all<BlobRef>(
        `select c.workspace, c.sha256 from features_blob_claim c where c.claimed_at < ? and ${UNNAMED} order by c.claimed_at limit ?`,
        [before, limit],
      ),
    ),
  drop: ({ workspace, sha256 }, before, remove) =>
    unitOfWork.run(call, async ({ sql }) => {
      const held = await sql.all(
        `select sha256 from features_blob_claim where workspace = ? and sha256 = ? and claimed_at < ?${forUpdate(sql)}`,
        [workspace, sha256, before],
      );
      if (held.length === 0) return false;
      // asked only now: whoever named the file in the meantime did so while holding the claim
      const unnamed = await sql.all(
        `select c.sha256 from features_blob_claim c where c.workspace = ? and c.sha256 = ? and ${UNNAMED}`,
        [workspace, sha256],
      );
      if (unnamed.length === 0) return false;
      await remove();
      await sql.run('delete from features_blob_claim where workspace = ? and sha256 = ?', [workspace, sha256]);
      return true;
    }),
});
