import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OnlineRow, OnlineStore, OnlineTable } from '../online-store.ts';
import { bytesOf, told, unaborted, type OnlineStoreFixture } from './online-store-harness.ts';

const KEYS = ['a', 'ab', 'b', '\u0000'];
type Held = readonly [string, bigint, bigint, bigint];
/** What every table must hold: values, event time, created time, arrival by table and key. */
type Model = Map<string, Held>;

const nameOf = (table: OnlineTable, key: string): string =>
  JSON.stringify([table.workspace, table.view, table.schema, key]);

/** Written without the code of the rules on purpose: compared as a list, from the left. */
function isGreater(row: OnlineRow, held: Held): boolean {
  const [, event, created, arrival] = held;
  if (row.eventTime !== event) return row.eventTime > event;
  if (row.createdTime !== created) return row.createdTime > created;
  return row.arrival > arrival;
}

class Write implements fc.AsyncCommand<Model, OnlineStore> {
  readonly table: OnlineTable;
  readonly rows: readonly OnlineRow[];
  constructor(table: OnlineTable, rows: readonly OnlineRow[]) {
    this.table = table;
    this.rows = rows;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, store: OnlineStore): Promise<void> {
    const changed = new Set<string>();
    for (const row of this.rows) {
      const name = nameOf(this.table, Buffer.from(row.key).toString());
      const held = model.get(name);
      if (held && !isGreater(row, held)) continue;
      model.set(name, [Buffer.from(row.values).toString(), row.eventTime, row.createdTime, row.arrival]);
      changed.add(name);
    }
    expect(await store.write(this.table, this.rows, unaborted)).toEqual({ stored: changed.size });
  }
  toString(): string {
    const rows = this.rows.map((row) => told(row)?.join(' ')).join(', ');
    return `write ${nameOf(this.table, '')}: ${rows}`;
  }
}

class Read implements fc.AsyncCommand<Model, OnlineStore> {
  readonly requests: readonly { table: OnlineTable; keys: readonly string[] }[];
  constructor(requests: readonly { table: OnlineTable; keys: readonly string[] }[]) {
    this.requests = requests;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, store: OnlineStore): Promise<void> {
    const requests = this.requests.map(({ table, keys }) => ({ table, keys: keys.map(bytesOf) }));
    const blocks = await store.read(requests, unaborted);
    expect(blocks.map((block) => block.map(told))).toEqual(
      this.requests.map(({ table, keys }) => keys.map((key) => model.get(nameOf(table, key)))),
    );
  }
  toString(): string {
    return `read ${JSON.stringify(this.requests)}`;
  }
}

class Drop implements fc.AsyncCommand<Model, OnlineStore> {
  readonly table: OnlineTable;
  constructor(table: OnlineTable) {
    this.table = table;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, store: OnlineStore): Promise<void> {
    for (const key of KEYS) model.delete(nameOf(this.table, key));
    await store.drop(this.table, unaborted);
  }
  toString(): string {
    return `drop ${nameOf(this.table, '')}`;
  }
}

const TABLES: readonly OnlineTable[] = ['w', 'wv'].flatMap((workspace) =>
  ['v', 'vs'].flatMap((view) => ['s', 'vs'].map((schema) => ({ workspace, view, schema }))),
);
const tables = fc.constantFrom(...TABLES);

/** Mostly near each other, so that ties are usual; sometimes at the ends of the range. */
const times = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: -2n, max: 2n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
);

const rows: fc.Arbitrary<readonly OnlineRow[]> = fc.array(
  fc.record({
    key: fc.constantFrom(...KEYS).map(bytesOf),
    values: fc.string({ maxLength: 8 }).map(bytesOf),
    eventTime: times,
    createdTime: times,
    arrival: times,
  }),
  { maxLength: 6 },
);

const commands = fc.commands(
  [
    fc.tuple(tables, rows).map(([table, some]) => new Write(table, some)),
    fc.tuple(tables, rows).map(([table, some]) => new Write(table, some)),
    fc
      .array(fc.record({ table: tables, keys: fc.array(fc.constantFrom(...KEYS), { maxLength: 5 }) }), { maxLength: 4 })
      .map((requests) => new Read(requests)),
    tables.map((table) => new Drop(table)),
  ],
  { maxCommands: 40 },
);

export function modelTests(current: () => OnlineStoreFixture): void {
  describe('model', () => {
    it('for all sequences of writes, reads and drops: the store holds what a map would hold', async () => {
      const { store } = current();
      const setUp = async (): Promise<{ model: Model; real: OnlineStore }> => {
        for (const table of TABLES) await store.drop(table, unaborted);
        return { model: new Map<string, Held>(), real: store };
      };
      await fc.assert(
        fc.asyncProperty(commands, (some) => fc.asyncModelRun(setUp, some)),
        { numRuns: 60 },
      );
    });
  });
}
