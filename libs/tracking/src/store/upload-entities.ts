import { defineEntity, p } from '@mikro-orm/core';
import { columns } from '@slipway/persistence';

/** An upload in parts. */
export const UploadRow = defineEntity({
  name: 'UploadRow',
  tableName: 'tracking_upload',
  properties: {
    workspace: columns.workspace(),
    uploadId: columns.text(128).primary(),
    homeKind: columns.text(8),
    homeId: columns.text(256),
    path: columns.text(4_096),
    parts: p.integer(),
    /** Milliseconds. */
    expireTime: columns.int64(),
    state: columns.text(16),
    /** These three once it is completed. */
    partsDigest: columns.sha256().nullable(),
    bytes: columns.int64().nullable(),
    sha256: columns.sha256().nullable(),
  },
  indexes: [{ name: 'tracking_upload_expire', properties: ['expireTime'] }],
});
