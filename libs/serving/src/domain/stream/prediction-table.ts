import { InvalidArgumentError, type Micros } from '@slipway/kernel';
import type { ReceivedEvent } from './received-event.ts';
import type { StreamDefinition } from './stream.ts';

/** One row of a table of stored predictions. */
export interface TableRow {
  /** In the order of the table's keys. */
  readonly keys: readonly (string | bigint | boolean)[];
  readonly time: Micros;
  /** Which of two rows of one key and time is newer: the place of the event in the log. */
  readonly sequence: bigint;
  readonly outputs: Readonly<Record<string, number>>;
}

/** Where results are kept by key. */
export interface PredictionTable {
  /**
   * Idempotent: a row that is not newer than what is there is dropped. Durable when it resolves.
   * @throws {UnavailableError} when the store does not answer.
   */
  write(stream: StreamDefinition, rows: readonly TableRow[], signal: AbortSignal): Promise<void>;
}

/** @throws {InvalidArgumentError} TABLE_KEY_MISSING when the event does not say under which key its result is kept. */
export function readTableRow(
  tableKeys: readonly string[],
  event: ReceivedEvent,
  outputs: Readonly<Record<string, number>>,
  sequence: bigint,
): TableRow {
  const keys = tableKeys.map((name) => {
    const value = event.data[name];
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    throw InvalidArgumentError.of(`data.${name}`, 'is a key of the table and no text, whole number or boolean', {
      reason: 'TABLE_KEY_MISSING',
    });
  });
  return { keys, time: event.time, sequence, outputs };
}
