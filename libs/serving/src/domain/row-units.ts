import { unitHasher, type UnitKey } from '@slipway/assignments';
import type { ColumnData } from '@slipway/plugin-kit';
import type { Columns } from './feature-source.ts';

/** Units of the rows of a call, each once in the order in which it comes first, and which of them each row has. */
export interface RowUnits {
  readonly hashes: readonly string[];
  readonly ofRow: readonly number[];
}

/** Names what each row is about by its keys. Empty when there are no keys. A unit is hashed once, however many rows it has. */
export function unitsOfRows(entities: Columns, rows: number): RowUnits {
  if (entities.size === 0) return { hashes: [], ofRow: [] };
  const columns = [...entities.values()];
  const together = Array.from({ length: rows }, () => 0);
  const ofRow = columns.reduce<readonly number[]>(refine, together);
  const hash = unitHasher([...entities.keys()]);
  const hashes: string[] = [];
  for (const [row, place] of ofRow.entries()) {
    if (place === hashes.length) hashes.push(hash(columns.map((column) => keyOf(column, row))));
  }
  return { hashes, ofRow };
}

/** Splits groups of rows by the value that they have in one more column; groups are numbered in the order in which they come. */
function refine(places: readonly number[], { values }: ColumnData): number[] {
  const byPlace = new Map<number, Map<unknown, number>>();
  let count = 0;
  return places.map((place, row) => {
    let byValue = byPlace.get(place);
    if (!byValue) byPlace.set(place, (byValue = new Map()));
    const value = values[row];
    let next = byValue.get(value);
    if (next === undefined) byValue.set(value, (next = count++));
    return next;
  });
}

function keyOf({ type, values }: ColumnData, row: number): UnitKey {
  const value = values[row] ?? null;
  return type === 'boolean' ? value !== 0 : value;
}
