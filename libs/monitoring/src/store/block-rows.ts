import type { SqlRunner, SqlValue } from '@slipway/persistence';
import type { Day } from '../domain/day.ts';
import type {
  BlockCount,
  BlockKind,
  BlockReads,
  DayRange,
  NewOutcomeBlock,
  NewPredictionBlock,
  StoredBlock,
} from '../domain/unit-of-work.ts';

type Table = 'monitoring_prediction_block' | 'monitoring_outcome_block';

/** Table of each kind, and the column that tells its blocks apart and orders them. */
const PLACES: Record<BlockKind, { readonly table: Table; readonly id: 'block' | 'arrival' }> = {
  predictions: { table: 'monitoring_prediction_block', id: 'block' },
  outcomes: { table: 'monitoring_outcome_block', id: 'arrival' },
};

interface BlockRow {
  readonly id: string;
  readonly payload: Uint8Array;
}

/** Blocks go through plain SQL: they are large, many, and never changed. */
export function blockReads(sql: SqlRunner, workspace: string): BlockReads {
  const counts = async (table: Table, objective: string, { from, until }: DayRange) => {
    const rows = await sql.all<{ day: number; blocks: number | string; found: number | string }>(
      `select day, count(*) as blocks, sum("rows") as found from ${table}
       where workspace = ? and objective = ? and day >= ? and day < ? group by day order by day`,
      [workspace, objective, from, until],
    );
    return new Map<Day, BlockCount>(
      rows.map(({ day, blocks, found }) => [day, { blocks: Number(blocks), rows: Number(found) }]),
    );
  };
  const page = async (kind: BlockKind, bounds: readonly SqlValue[]) => {
    const { table, id } = PLACES[kind];
    const rows = await sql.all<BlockRow>(
      `select ${id} as id, payload from ${table}
       where workspace = ? and objective = ? and day = ? and ${id} > ? order by ${id} limit ?`,
      [workspace, ...bounds],
    );
    return rows satisfies readonly StoredBlock[];
  };
  return {
    predictionCounts: (objective, days) => counts('monitoring_prediction_block', objective, days),
    outcomeCounts: (objective, days) => counts('monitoring_outcome_block', objective, days),
    predictions: (objective, day, after, limit) => page('predictions', [objective, day, after, limit]),
    outcomes: (objective, day, after, limit) => page('outcomes', [objective, day, after, limit]),
    names: async (kind, objective, day) => {
      const { table, id } = PLACES[kind];
      const rows = await sql.all<{ id: string }>(
        `select ${id} as id from ${table} where workspace = ? and objective = ? and day = ? order by ${id}`,
        [workspace, objective, day],
      );
      return rows.map((row) => row.id);
    },
    named: async (kind, objective, day, ids) => {
      if (ids.length === 0) return [];
      const { table, id } = PLACES[kind];
      return sql.all<BlockRow>(
        `select ${id} as id, payload from ${table}
         where workspace = ? and objective = ? and day = ? and ${id} in (${ids.map(() => '?').join(', ')})`,
        [workspace, objective, day, ...ids],
      );
    },
  };
}

/** @returns false when the block is there already. */
export async function addPredictionBlock(
  sql: SqlRunner,
  workspace: string,
  { objective, day, id, rows, experiments, payload }: NewPredictionBlock,
): Promise<boolean> {
  const inserted = await sql.run(
    `insert into monitoring_prediction_block (workspace, objective, day, block, "rows", payload)
     values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
    [workspace, objective, day, id, rows, payload],
  );
  if (inserted === 0) return false;
  const no = sql.dialect === 'sqlite' ? 0 : 'false';
  await sql.run(
    `insert into monitoring_day (workspace, objective, day, closed) values (?, ?, ?, ${no}) on conflict do nothing`,
    [workspace, objective, day],
  );
  for (const experiment of experiments) {
    await sql.run(
      `insert into monitoring_experiment_day (workspace, objective, experiment, day)
       values (?, ?, ?, ?) on conflict do nothing`,
      [workspace, objective, experiment, day],
    );
  }
  return true;
}

/** @returns false when the block is there already. */
export async function addOutcomeBlock(
  sql: SqlRunner,
  workspace: string,
  { objective, day, contentId, arrival, rows, payload }: NewOutcomeBlock,
): Promise<boolean> {
  const inserted = await sql.run(
    `insert into monitoring_outcome_block (workspace, objective, day, block, arrival, "rows", payload)
     values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    [workspace, objective, day, contentId, arrival, rows, payload],
  );
  return inserted === 1;
}
