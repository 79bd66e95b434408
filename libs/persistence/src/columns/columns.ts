import type { JsonValue, Micros } from '@slipway/kernel';
import { p } from '@mikro-orm/core';
import { Float64Column } from './float64-column.ts';
import { Int64Column, MicrosColumn } from './int64-column.ts';
import { JsonColumn, Sha256Column, TextColumn } from './text-columns.ts';

/**
 * The properties that entities are made of, besides `p.integer()` (32 bits) and `p.boolean()`: exact on both databases.
 * @example properties: { workspace: columns.workspace(), name: columns.text(128).primary(), created: columns.micros() }
 */
export const columns = {
  /** First part of every primary key and of every unique index. */
  workspace: () => p.type(new TextColumn(63)).$type<string>().primary(),
  /** `bigint`, -2^63 to 2^63-1. */
  int64: () => p.type(new Int64Column()).$type<bigint>(),
  /** UTC microseconds. */
  micros: () => p.type(new MicrosColumn()).$type<Micros>(),
  /** Every double there is; see `Float64Column` for what SQL can do with it. */
  float64: () => p.type(new Float64Column()).$type<number>(),
  /** At most `bytesMax` bytes of UTF-8, without NUL. */
  text: (bytesMax: number) => p.type(new TextColumn(bytesMax)).$type<string>(),
  /** 64 lower-case hex digits. */
  sha256: () => p.type(new Sha256Column()).$type<string>(),
  /** A JSON value of at most `bytesMax` bytes of canonical text. */
  json: <Value extends JsonValue>(bytesMax: number) => p.type(new JsonColumn(bytesMax)).$type<Value>(),
};
