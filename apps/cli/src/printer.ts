/** Rows for people, or the whole answer as JSON for programs. */
export interface Printer {
  table(rows: readonly Readonly<Record<string, string>>[], whole: unknown): void;
  line(text: string, whole: unknown): void;
}

export function printerFor(out: { write(text: string): unknown }, json: boolean): Printer {
  const asJson = (whole: unknown): void => void out.write(`${JSON.stringify(whole, null, 2)}\n`);
  if (json) return { table: (_rows, whole) => asJson(whole), line: (_text, whole) => asJson(whole) };
  return {
    table: (rows) => void out.write(rows.length === 0 ? 'nothing there\n' : layOut(rows)),
    line: (text) => void out.write(`${text}\n`),
  };
}

function layOut(rows: readonly Readonly<Record<string, string>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const shown = rows.map((row) => columns.map((column) => printable(row[column] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...shown.map((cells) => cells[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[columns.map((column) => column.toUpperCase()), ...shown].map(line).join('\n')}\n`;
}

/** Text of others must not steer the terminal. */
export const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
