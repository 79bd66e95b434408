import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import { columns } from '@slipway/persistence';

/** A stream, and which server scores it until when. */
export const StreamRow = defineEntity({
  name: 'ServingStream',
  tableName: 'serving_stream',
  properties: {
    workspace: columns.workspace(),
    name: columns.text(63).primary(),
    id: columns.text(64),
    model: columns.text(800),
    alias: columns.text(128),
    predictionTable: columns.text(128),
    tableKeys: columns.json<readonly string[]>(64 * 1024),
    fromBeginning: p.boolean(),
    principal: columns.text(256),
    created: columns.micros(),
    /** Empty when nobody scores it. */
    owner: columns.text(128),
    leasedUntil: columns.micros(),
  },
});

export type StreamRecord = InferEntity<typeof StreamRow>;
