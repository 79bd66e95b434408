import { subjectMatches, type BusMessage } from '@slipway/plugin-kit';
import type { Entry } from './journal.ts';

export interface StoredMessage extends Omit<BusMessage, 'headers'> {
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface DurableState {
  readonly subject: string;
  /** Everything up to here is settled. */
  floor: number;
  /** Everything up to here was handed out at least once. */
  handed: number;
  /** Above the floor. */
  readonly acknowledged: Set<number>;
  readonly failures: Map<number, number>;
}

/** What one message costs in memory and in the file, beside its data. */
const ENTRY_BYTES = 512;
const bytesOf = ({ data }: StoredMessage): number => ENTRY_BYTES + Math.ceil(data.byteLength * 1.4);

/** What the lines of the log say. Changed by `apply` alone, which reads a line that was just written as it reads one after a restart. */
export class LogState {
  id = '';
  last = 0;
  /** Of all messages held. */
  bytes = 0;
  readonly messages = new Map<number, StoredMessage>();
  readonly durables = new Map<string, DurableState>();
  readonly #ids = new Map<string, number>();

  /** The message of this id, when it is still held. */
  withId(id: string): StoredMessage | undefined {
    return this.messages.get(this.#ids.get(id) ?? 0);
  }

  apply(entry: Entry): void {
    switch (entry.type) {
      case 'log':
        this.id = entry.id;
        this.last = entry.last;
        break;
      case 'message':
        this.#add({ ...entry, data: new Uint8Array(Buffer.from(entry.data, 'base64')) });
        break;
      case 'durable': {
        const { subject, floor, handed } = entry;
        this.durables.set(entry.durable, { subject, floor, handed, acknowledged: new Set(), failures: new Map() });
        break;
      }
      case 'forgotten':
        this.durables.delete(entry.durable);
        break;
      default:
        this.#applyToDurable(entry, this.durable(entry.durable));
    }
  }

  /** @throws {RangeError} when there is none: a line about it always comes after the one that makes it. */
  durable(name: string): DurableState {
    const found = this.durables.get(name);
    if (!found) throw new RangeError(`no durable '${name}'`);
    return found;
  }

  #applyToDurable(entry: Extract<Entry, { durable: string; sequence: number }>, durable: DurableState): void {
    if (entry.type === 'handed') durable.handed = Math.max(durable.handed, entry.sequence);
    else if (entry.type === 'failures') durable.failures.set(entry.sequence, entry.failures);
    else {
      if (entry.sequence > durable.floor) durable.acknowledged.add(entry.sequence);
      durable.failures.delete(entry.sequence);
      this.advance(durable);
    }
  }

  #add({ sequence, at, id, subject, key, headers, data }: StoredMessage): void {
    const message = { sequence, at, id, subject, key, headers, data };
    this.messages.set(sequence, message);
    this.#ids.set(id, sequence);
    this.last = Math.max(this.last, sequence);
    this.bytes += bytesOf(message);
  }

  /** Moves the floor over what is acknowledged, of other subjects, or gone. It follows from the rest, so no line tells of it. */
  advance(durable: DurableState): void {
    for (let next = durable.floor + 1; next <= this.last; next++) {
      if (this.isWaiting(durable, next)) return;
      durable.acknowledged.delete(next);
      durable.floor = next;
    }
  }

  /** Whether the durable still has to settle this message. */
  isWaiting(durable: DurableState, sequence: number): boolean {
    const message = this.messages.get(sequence);
    if (message === undefined || sequence <= durable.floor || durable.acknowledged.has(sequence)) return false;
    return subjectMatches(durable.subject, message.subject);
  }

  /** Lets go of messages stored before `beforeMs` that every durable has settled. */
  dropSettled(beforeMs: number): void {
    for (const durable of this.durables.values()) this.advance(durable);
    const floor = Math.min(...[...this.durables.values()].map((durable) => durable.floor));
    for (const message of this.messages.values()) {
      if (message.sequence > floor || message.at >= beforeMs) return;
      this.messages.delete(message.sequence);
      if (this.#ids.get(message.id) === message.sequence) this.#ids.delete(message.id);
      this.bytes -= bytesOf(message);
    }
  }

  /** The shortest log that says the same. */
  entries(): Entry[] {
    const messages = [...this.messages.values()].map((message): Entry => toEntry(message));
    return [
      { type: 'log', id: this.id, last: this.last },
      ...messages,
      ...[...this.durables].flatMap(([durable, state]): Entry[] => [
        { type: 'durable', durable, subject: state.subject, floor: state.floor, handed: state.handed },
        ...[...state.failures].map(([sequence, failures]): Entry => ({
          type: 'failures',
          durable,
          sequence,
          failures,
        })),
        ...[...state.acknowledged].map((sequence): Entry => ({ type: 'acknowledged', durable, sequence })),
      ]),
    ];
  }
}

export function toEntry({ data, ...rest }: StoredMessage): Entry {
  const { sequence, at, id, subject, key, headers } = rest;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return { type: 'message', sequence, at, id, subject, key, headers, data: text };
}
