import { expect, it } from 'vitest';
import type { ColumnSpec, ColumnType } from '../column.ts';
import { InvalidArgumentError } from '../index.ts';
import type { JoinedView, ViewTable } from '../offline-store.ts';
import { plainView, START, type Bench, type Row, type Value } from './offline-store-harness.ts';

const column = (name: string, type: ColumnType): ColumnSpec => ({ name, type });
const ENTITY = [
  column('row', 'integer'),
  column('stamp', 'timestamp'),
  column('t', 'timestamp'),
  column('k', 'string'),
  column('n', 'integer'),
];
const SOURCE = [
  column('k', 'string'),
  column('n', 'integer'),
  column('e', 'timestamp'),
  column('c', 'timestamp'),
  column('v', 'integer'),
];
const KEYS = [column('k', 'string')];
const VALUE = [column('v', 'integer')];

const at = (micros: number): bigint => START + BigInt(micros);
const entity = (row: number, k: Value, t: number | null, n: Value = null): Row => ({
  row: BigInt(row),
  stamp: START,
  k,
  n,
  t: t === null ? null : at(t),
});
/** A source row: key, event, created, value. */
const source = (k: Value, e: number, c: number, v: number | null, n: Value = null): Row => ({
  k,
  n,
  e: at(e),
  c: at(c),
  v: v === null ? null : BigInt(v),
});

const joined = (view: ViewTable, options: Partial<JoinedView> = {}): JoinedView => ({
  view,
  entityColumns: view.keys.map(({ name }) => name),
  features: [{ feature: 'v', output: 'v' }],
  ttlMicros: 0n,
  createdCutoff: true,
  ...options,
});

async function viewOf(bench: Bench, rows: readonly Row[], keys = KEYS): Promise<ViewTable> {
  const file = await bench.accept(SOURCE, rows, { eventTime: 'e', createdTime: 'c' });
  return plainView('view', [file], keys, [...keys, ...VALUE]);
}

/** Values of `v` per entity row, after a join with one view. */
async function values(
  bench: Bench,
  view: ViewTable,
  entities: readonly Row[],
  options: Partial<JoinedView> = {},
): Promise<readonly Value[]> {
  const result = await join(bench, entities, [joined(view, options)]);
  return result.rows.map(({ v }) => v ?? null);
}

async function join(bench: Bench, entities: readonly Row[], views: readonly JoinedView[]) {
  const result = await bench.join({
    entities: bench.csv(ENTITY, entities),
    entityColumns: ENTITY,
    eventTime: 't',
    views,
  });
  return { ...result, rows: await bench.read(result.file, result.columns) };
}

/** Sentences on `joinPointInTime`. */
export function joinContract(bench: () => Bench): void {
  it.each([true, false])(
    'takes the row at or before the time of the entity row, bound inclusive; cut-off %s',
    async (createdCutoff) => {
      const view = await viewOf(bench(), [source('a', 10, 10, 1), source('a', 20, 20, 2)]);
      const entities = [9, 10, 19, 20, 21].map((t, row) => entity(row, 'a', t));
      expect(await values(bench(), view, entities, { createdCutoff })).toEqual([null, 1n, 1n, 2n, 2n]);
    },
  );

  it.each([true, false])(
    'counts a row of exactly the time to live, and none older; cut-off %s',
    async (createdCutoff) => {
      const view = await viewOf(bench(), [source('a', 10, 10, 1)]);
      const entities = [10, 14, 15, 16].map((t, row) => entity(row, 'a', t));
      expect(await values(bench(), view, entities, { ttlMicros: 5n, createdCutoff })).toEqual([1n, 1n, 1n, null]);
    },
  );

  it('leaves out what was created after the time of the entity row only with the cut-off', async () => {
    const view = await viewOf(bench(), [source('a', 10, 10, 1), source('a', 20, 30, 2), source('a', 10, 40, 3)]);
    const entities = [20, 29, 30, 40].map((t, row) => entity(row, 'a', t));
    expect(await values(bench(), view, entities, { createdCutoff: true })).toEqual([1n, 1n, 2n, 2n]);
    expect(await values(bench(), view, entities, { createdCutoff: false })).toEqual([2n, 2n, 2n, 2n]);
  });

  it('does not let a row that became known late win over a later event', async () => {
    const view = await viewOf(bench(), [source('a', 20, 5, 2), source('a', 10, 50, 1)]);
    expect(await values(bench(), view, [entity(0, 'a', 19), entity(1, 'a', 20), entity(2, 'a', 60)])).toEqual([
      null,
      2n,
      2n,
    ]);
  });

  it.each([true, false])('breaks ties by created time, then by arrival; cut-off %s', async (createdCutoff) => {
    const view = await viewOf(bench(), [
      source('a', 10, 12, 9),
      source('a', 10, 11, 8),
      source('b', 10, 10, 1),
      source('b', 10, 10, 2),
      source('b', 10, 9, 3),
    ]);
    const entities = [entity(0, 'a', 20), entity(1, 'b', 20)];
    expect(await values(bench(), view, entities, { createdCutoff })).toEqual([9n, 2n]);
  });

  it('breaks ties over several files by the arrival numbers of their rows', async () => {
    const file = (v: number, firstArrival: bigint): Promise<string> =>
      bench().accept(SOURCE, [source('a', 10, 10, v)], { eventTime: 'e', createdTime: 'c', firstArrival });
    const view = plainView('view', [await file(1, 5n), await file(2, 9n), await file(3, 7n)], KEYS, [
      ...KEYS,
      ...VALUE,
    ]);
    expect(await values(bench(), view, [entity(0, 'a', 20)])).toEqual([2n]);
  });

  it('gives null, not an older value, where the feature of the row that counts is null', async () => {
    const view = await viewOf(bench(), [source('a', 10, 10, 1), source('a', 20, 20, null)]);
    expect(await values(bench(), view, [entity(0, 'a', 19), entity(1, 'a', 20)])).toEqual([1n, null]);
  });

  it('matches no null key, and keeps rows with a null key or time', async () => {
    const view = await viewOf(bench(), [source(null, 10, 10, 1), source('a', 10, 10, 2)]);
    const entities = [entity(0, null, 20), entity(1, 'a', null), entity(2, 'b', 20), entity(3, 'a', 20)];
    const result = await join(bench(), entities, [joined(view)]);
    expect(result.rows).toEqual(entities.map((row, index) => ({ ...row, v: index === 3 ? 2n : null })));
    expect(result.nulls).toEqual({ row: 0, stamp: 0, t: 1, k: 1, n: 4, v: 3 });
  });

  it('keeps equal entity rows and those without a candidate, each once, in their order', async () => {
    const view = await viewOf(bench(), [source('a', 10, 10, 1)]);
    const entities = Array.from({ length: 5000 }, (_, row) => entity(row, row % 2 ? 'a' : 'b', 5000 - (row >> 2)));
    const result = await bench().join({
      entities: bench().csv(ENTITY, entities),
      entityColumns: ENTITY,
      eventTime: 't',
      views: [joined(view)],
    });
    expect(result.rows).toBe(5000);
    const same = bench().csv(ENTITY, [entity(0, 'a', 20), entity(0, 'a', 20), entity(0, 'b', 20)]);
    const columns = { entityColumns: ENTITY, eventTime: 't', views: [joined(view)] };
    expect(await bench().join({ entities: same, ...columns })).toMatchObject({ rows: 3, nulls: { v: 1 } });
    const read = await bench().ingest(
      { file: result.file, format: 'parquet' },
      { columns: result.columns, eventTime: 'stamp' },
    );
    const rows = await bench().latest(plainView('r', [read.acceptedFile], [column('row', 'integer')], result.columns));
    const inOrder = [...rows].sort((a, b) => Number((a['__arrival'] as bigint) - (b['__arrival'] as bigint)));
    expect(inOrder.map(({ row, v }) => [row, v])).toEqual(entities.map(({ row, k }) => [row, k === 'a' ? 1n : null]));
  });

  it('never takes the values of one composite key for another (1|23 and 12|3)', async () => {
    const keys = [column('k', 'string'), column('n', 'integer')];
    const view = await viewOf(
      bench(),
      [source('1', 10, 10, 100, 23n), source('12', 10, 10, 999, 3n), source('1|2', 10, 10, 7, 3n)],
      keys,
    );
    const entities = [
      entity(0, '1', 20, 23n),
      entity(1, '12', 20, 3n),
      entity(2, '1|2', 20, 3n),
      entity(3, '1', 20, 3n),
    ];
    expect(await values(bench(), view, entities)).toEqual([100n, 999n, 7n, null]);
  });

  it('joins several views, and one view twice under other names and keys', async () => {
    const view = await viewOf(bench(), [source('a', 10, 10, 1), source('b', 10, 10, 2)]);
    const entities = [{ ...entity(0, 'a', 20), n: null }];
    const table = [...ENTITY.filter(({ name }) => name !== 'n'), column('n', 'string')];
    const result = await bench().join({
      entities: bench().csv(table, [{ ...entities[0], n: 'b' }]),
      entityColumns: table,
      eventTime: 't',
      views: [
        joined(view, { features: [{ feature: 'v', output: 'origin__v' }] }),
        joined(view, { entityColumns: ['n'], features: [{ feature: 'v', output: 'destination__v' }] }),
        joined(view, { ttlMicros: 5n, createdCutoff: false, features: [{ feature: 'v', output: 'fresh' }] }),
      ],
    });
    expect(result.columns.map(({ name }) => name)).toEqual([
      'row',
      'stamp',
      't',
      'k',
      'n',
      'origin__v',
      'destination__v',
      'fresh',
    ]);
    const [row] = await bench().read(result.file, result.columns);
    expect(row).toMatchObject({ origin__v: 1n, destination__v: 2n, fresh: null });
  });

  it('joins views and entities without rows, and views without files', async () => {
    const empty = await viewOf(bench(), []);
    const none = plainView('none', [], KEYS, [...KEYS, ...VALUE]);
    expect(await values(bench(), empty, [entity(0, 'a', 5)])).toEqual([null]);
    expect(await values(bench(), none, [entity(0, 'a', 5)])).toEqual([null]);
    const view = await viewOf(bench(), [source('a', 10, 10, 1)]);
    const result = await bench().join({
      entities: bench().csv(ENTITY, []),
      entityColumns: ENTITY,
      eventTime: 't',
      views: [joined(view)],
    });
    expect(result).toMatchObject({ rows: 0, nulls: { v: 0 } });
  });

  it('names the same content by the same sha256 and another by another', async () => {
    const rows = [source('a', 10, 10, 1), source('b', 10, 10, 2)];
    const entities = [entity(0, 'a', 20), entity(1, 'b', 20)];
    const [view, again] = [await viewOf(bench(), rows), await viewOf(bench(), [...rows].reverse())];
    const hash = async (of: ViewTable, list: readonly Row[], output = 'v'): Promise<string> =>
      (await join(bench(), list, [joined(of, { features: [{ feature: 'v', output }] })])).contentSha256;
    const first = await hash(view, entities);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash(again, entities)).toBe(first);
    expect(await hash(view, [...entities].reverse())).not.toBe(first);
    expect(await hash(view, entities, 'w')).not.toBe(first);
    expect(await hash(view, [entity(0, 'a', 20), entity(1, 'b', 9)])).not.toBe(first);
  });

  it('tells its progress up to the total', async () => {
    const steps: { done: number; total: number }[] = [];
    const view = await viewOf(bench(), [source('a', 10, 10, 1)]);
    const entities = bench().csv(ENTITY, [entity(0, 'a', 20)]);
    await bench().join({
      entities,
      entityColumns: ENTITY,
      eventTime: 't',
      views: [joined(view)],
      onProgress: (step) => steps.push(step),
    });
    expect(steps.at(-1)?.done).toBe(steps.at(-1)?.total);
    expect(steps.map(({ done }) => done)).toEqual(steps.map(({ done }) => done).sort((a, b) => a - b));
  });

  it.each([
    ['a feature that the view lacks', { features: [{ feature: 'w', output: 'w' }] }, 'w'],
    ['an output name that is taken', { features: [{ feature: 'v', output: 'k' }] }, 'k'],
    ['an entity column that is not there', { entityColumns: ['x'] }, 'x'],
    ['a key of another type', { entityColumns: ['n'] }, 'n'],
    ['too many entity columns', { entityColumns: ['k', 'n'] }, 'view'],
  ] as const)('refuses %s, naming it', async (_, options, named) => {
    const view = await viewOf(bench(), [source('a', 10, 10, 1)]);
    const failure = await join(bench(), [entity(0, 'a', 20)], [joined(view, options)]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).toContain(named);
  });

  it('refuses a view whose files lack a column, and entity values of another type, naming file and column', async () => {
    const view = await viewOf(bench(), [source('a', 10, 10, 1)]);
    const lacking: ViewTable = {
      ...view,
      snapshotId: 'lacking',
      features: [{ name: 'v', type: 'integer', from: { column: 'absent' } }],
    };
    await expect(join(bench(), [entity(0, 'a', 20)], [joined(lacking)])).rejects.toThrow(
      /absent.*accepted\.parquet|accepted\.parquet.*absent/,
    );
    const table = bench().csvText('row,stamp,t,k,n\n0,2001-01-01,soon,a,\n');
    const failure = await bench()
      .join({ entities: table, entityColumns: ENTITY, eventTime: 't', views: [] })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).toContain(`'soon' in row 0 of '${table.file}'`);
  });
}
