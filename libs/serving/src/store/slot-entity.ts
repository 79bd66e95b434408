import { defineEntity } from '@mikro-orm/core';
import { columns } from '@slipway/persistence';
import { StreamRow } from './stream/stream-entity.ts';

/**
 * A slot of one server: what its alias names and what answers. The store writes it with statements of its own, since guard and write must be
 * one; the entity keeps the table under the rules and the schema checks that all tables are under.
 */
export const SlotEntity = defineEntity({
  name: 'ServingSlot',
  tableName: 'serving_slot',
  properties: {
    workspace: columns.workspace(),
    server: columns.text(128).primary(),
    model: columns.text(800).primary(),
    alias: columns.text(128).primary(),
    desiredVersion: columns.int64(),
    desiredDigest: columns.text(64),
    desiredRevision: columns.int64(),
    actualVersion: columns.int64().nullable(),
    actualDigest: columns.text(64).nullable(),
    actualRevision: columns.int64().nullable(),
    failedRevision: columns.int64().nullable(),
    failedReason: columns.text(128).nullable(),
    updatedAt: columns.micros(),
  },
});

/** Entities of serving, for the composition of a process. */
export const servingEntities = [SlotEntity, StreamRow] as const;
