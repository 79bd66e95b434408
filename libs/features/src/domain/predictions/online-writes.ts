import type { OnlineRow, OnlineStore, OnlineTable } from '@slipway/plugin-kit';

/** Of one call; what every online store takes. */
const CALL_ROWS_MAX = 8_192;

/** Writes any number of rows, durable when it resolves. @returns how many were newer than what was there. */
export async function writeAll(
  online: OnlineStore,
  table: OnlineTable,
  rows: readonly OnlineRow[],
  signal: AbortSignal,
): Promise<number> {
  const callRows = Math.min(CALL_ROWS_MAX, online.capabilities.writeRowsMax);
  let total = 0;
  for (let at = 0; at < rows.length; at += callRows) {
    const part = rows.length <= callRows ? rows : rows.slice(at, at + callRows);
    total += (await online.write(table, part, signal)).stored;
  }
  return total;
}
