import type { SqlRunner, UnitOfWork } from '@slipway/persistence';
import { uploadNotFound } from '../domain/errors.ts';
import { toMillis } from '../domain/millis.ts';
import type { MultipartState, MultipartUpload, MultipartUploads } from '../domain/multipart.ts';
import { lockClause } from './bulk.ts';

interface UploadRecord {
  readonly upload_id: string;
  readonly home_kind: string;
  readonly home_id: string;
  readonly path: string;
  readonly parts: number;
  readonly expire_time: string;
  readonly state: string;
  readonly parts_digest: string | null;
  readonly bytes: string | null;
  readonly sha256: string | null;
}

const COLUMNS = `upload_id, home_kind, home_id, path, parts, cast(expire_time as text) as expire_time, state, parts_digest,
  cast(bytes as text) as bytes, sha256`;

function stateOf({ state, parts_digest: partsDigest, bytes, sha256 }: UploadRecord): MultipartState {
  if (state === 'completed' && partsDigest !== null && bytes !== null && sha256 !== null) {
    return { kind: 'completed', partsDigest, bytes: BigInt(bytes), sha256 };
  }
  return { kind: state === 'open' ? 'open' : 'aborted' };
}

const uploadOf = (row: UploadRecord): MultipartUpload => ({
  uploadId: row.upload_id,
  homeKind: row.home_kind === 'model' ? 'model' : 'run',
  homeId: row.home_id,
  path: row.path,
  parts: row.parts,
  expireTime: BigInt(row.expire_time),
  state: stateOf(row),
});

async function readUpload(
  sql: SqlRunner,
  { workspace, uploadId, now }: { workspace: string; uploadId: string; now: bigint },
  lock = '',
): Promise<MultipartUpload | undefined> {
  const statement = `select ${COLUMNS} from tracking_upload where workspace = ? and upload_id = ? and expire_time > ? ${lock}`;
  const [row] = await sql.all<UploadRecord>(statement, [workspace, uploadId, now]);
  return row && uploadOf(row);
}

/** Uploads in parts in the database of tracking. */
export const createMultipartUploads = (unitOfWork: UnitOfWork): MultipartUploads => ({
  create: (call, { uploadId, place: { home, path }, parts, keepMs }, requestId) =>
    unitOfWork.run(call, ({ sql, now, requests }) => {
      const request = { kind: home.kind, id: home.id, path, parts };
      return requests.once('tracking.CreateMultipartUpload', requestId, request, async () => {
        const expireTime = toMillis(now) + BigInt(keepMs);
        await sql.run(
          `insert into tracking_upload (workspace, upload_id, home_kind, home_id, path, parts, expire_time, state)
           values (?, ?, ?, ?, ?, ?, ?, 'open')`,
          [call.caller.workspace, uploadId, home.kind, home.id, path, parts, expireTime],
        );
        return { uploadId, homeKind: home.kind, homeId: home.id, path, parts, expireTime, state: { kind: 'open' } };
      });
    }),
  find: ({ workspace }, uploadId) =>
    unitOfWork.read(({ sql, now }) => readUpload(sql, { workspace, uploadId, now: toMillis(now) })),
  close: (call, uploadId, state, audit) =>
    unitOfWork.run(call, async (tx) => {
      const { workspace } = call.caller;
      const lock = lockClause(tx.sql, 'update');
      const upload = await readUpload(tx.sql, { workspace, uploadId, now: toMillis(tx.now) }, lock);
      if (!upload) throw uploadNotFound(uploadId);
      if (upload.state.kind !== 'open') return upload;
      const { partsDigest, bytes, sha256 } = state.kind === 'completed' ? state : NOT_COMPLETED;
      await tx.sql.run(
        `update tracking_upload set state = ?, parts_digest = ?, bytes = ?, sha256 = ? where workspace = ? and upload_id = ?`,
        [state.kind, partsDigest, bytes, sha256, workspace, uploadId],
      );
      tx.audit.add(audit);
      return { ...upload, state };
    }),
  expired: (bound) =>
    unitOfWork.read(async ({ sql, now }) => {
      const statement = `select workspace, upload_id from tracking_upload where expire_time <= ? order by expire_time limit ${bound}`;
      const rows = await sql.all<{ workspace: string; upload_id: string }>(statement, [toMillis(now)]);
      return rows.map(({ workspace, upload_id: uploadId }) => ({ workspace, uploadId }));
    }),
  forget: async (workspace, uploadId) => {
    await unitOfWork.run(sweeperIn(workspace), ({ sql }) =>
      sql.run('delete from tracking_upload where workspace = ? and upload_id = ?', [workspace, uploadId]),
    );
  },
});

const NOT_COMPLETED = { partsDigest: null, bytes: null, sha256: null } as const;

/** Nobody calls when time is over. */
const sweeperIn = (workspace: string) => ({
  caller: { principal: 'slipway', workspace, allWorkspaces: false, permissions: new Set<string>() },
  requestId: 'upload-sweeper',
});
