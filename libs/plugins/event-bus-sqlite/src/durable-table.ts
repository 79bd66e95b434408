import { FailedPreconditionError } from '@slipway/kernel';
import { subjectMatches } from '@slipway/plugin-kit';
import type { EventLog } from './event-log.ts';
import { mapped } from './sqlite-errors.ts';

export interface DurablePosition {
  /** Everything up to here is acknowledged. */
  readonly floor: number;
  /** Everything up to here was handed out at least once. */
  readonly delivered: number;
}

/** Every statement that touches the positions of durables. */
export class DurableTable {
  readonly #log: EventLog;
  readonly #find;
  readonly #create;
  readonly #setDelivered;
  readonly #setFloor;
  readonly #acknowledge;
  readonly #sweepAcknowledged;
  readonly #sweepFailures;
  readonly #putFailures;
  readonly #failures;
  readonly #lowest;
  readonly #countPending;
  readonly #forget;

  constructor(log: EventLog) {
    this.#log = log;
    const { database } = log;
    this.#find = database.prepare<[string], { subject: string; floor: number; delivered: number }>(
      'SELECT subject, floor, delivered FROM durables WHERE name = ?',
    );
    this.#create = database.prepare<[string, string, number, number]>('INSERT INTO durables VALUES (?, ?, ?, ?)');
    this.#setDelivered = database.prepare<[number, string]>('UPDATE durables SET delivered = ? WHERE name = ?');
    this.#setFloor = database.prepare<[number, string]>('UPDATE durables SET floor = ? WHERE name = ?');
    this.#acknowledge = database.prepare<[string, number]>('INSERT OR IGNORE INTO acknowledged VALUES (?, ?)');
    this.#sweepAcknowledged = database.prepare<[string, number]>(
      'DELETE FROM acknowledged WHERE durable = ? AND sequence <= ?',
    );
    this.#sweepFailures = database.prepare<[string, number]>(
      'DELETE FROM failures WHERE durable = ? AND (sequence <= ? OR sequence IN (SELECT sequence FROM acknowledged a WHERE a.durable = failures.durable))',
    );
    this.#putFailures = database.prepare<[string, number, number]>(
      'INSERT INTO failures VALUES (?, ?, ?) ON CONFLICT (durable, sequence) DO UPDATE SET failures = max(failures, excluded.failures)',
    );
    this.#failures = database.prepare<[string], { sequence: number; failures: number }>(
      'SELECT sequence, failures FROM failures WHERE durable = ?',
    );
    this.#forget = ['durables WHERE name = ?', 'acknowledged WHERE durable = ?', 'failures WHERE durable = ?'].map(
      (from) => database.prepare<[string]>(`DELETE FROM ${from}`),
    );
    this.#lowest = database.prepare<[], { floor: number | null }>('SELECT min(floor) AS floor FROM durables');
    database.function('subject_matches', { deterministic: true }, (filter, subject) =>
      subjectMatches(String(filter), String(subject)) ? 1 : 0,
    );
    this.#countPending = database.prepare<[number, string, string, string], { count: number }>(
      `SELECT count(*) AS count FROM log WHERE sequence > ? AND subject GLOB ? AND subject_matches(?, subject)
         AND NOT EXISTS (SELECT 1 FROM acknowledged a WHERE a.durable = ? AND a.sequence = log.sequence)`,
    );
  }

  /** The position of the durable; a new one begins after `start`. @throws {FailedPreconditionError} when it exists with another filter. */
  claim(name: string, subject: string, start: () => number): DurablePosition {
    return this.#log.transaction(() => {
      const found = this.#find.get(name);
      if (!found) {
        const floor = start();
        this.#create.run(name, subject, floor, floor);
        return { floor, delivered: floor };
      }
      if (found.subject !== subject) {
        throw new FailedPreconditionError(
          `durable '${name}' was made for subject '${found.subject}', not '${subject}': its filter is fixed, use another durable`,
          { reason: 'EVENT_BUS_DURABLE_DIFFERS', facts: { durable: name, subject: found.subject } },
        );
      }
      return { floor: found.floor, delivered: found.delivered };
    });
  }

  recordDelivered(name: string, sequence: number): void {
    mapped(() => this.#setDelivered.run(sequence, name));
  }

  /** Within a transaction: `sequences` are acknowledged and everything up to `floor` is. */
  acknowledge(name: string, sequences: readonly number[], floor: number, previousFloor: number): void {
    for (const sequence of sequences) if (sequence > floor) this.#acknowledge.run(name, sequence);
    if (floor === previousFloor) return;
    this.#setFloor.run(floor, name);
    this.#sweepAcknowledged.run(name, floor);
  }

  /** Within a transaction: what is counted for messages that are settled is of no more use. */
  sweepFailures(name: string, floor: number): void {
    this.#sweepFailures.run(name, floor);
  }

  /** Within a transaction. */
  recordFailures(name: string, sequence: number, failures: number): void {
    this.#putFailures.run(name, sequence, failures);
  }

  /** Within a transaction. */
  forget(name: string): void {
    for (const statement of this.#forget) statement.run(name);
  }

  /** Recorded failures by sequence. */
  failures(name: string): Map<number, number> {
    return mapped(() => new Map(this.#failures.all(name).map((row) => [row.sequence, row.failures])));
  }

  /** What every durable has acknowledged; undefined when there is no durable. */
  lowestFloor(): number | undefined {
    return mapped(() => this.#lowest.get()?.floor ?? undefined);
  }

  /** Messages above the floor that match and are not acknowledged. */
  countPending(name: string, subject: string, glob: string, floor: number): number {
    return mapped(() => this.#countPending.get(floor, glob, subject, name)?.count ?? 0);
  }
}
