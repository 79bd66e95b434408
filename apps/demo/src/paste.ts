import { readFileSync, writeFileSync } from 'node:fs';

const BLOCK = /(<!-- demo -->\n\n```\n)[\s\S]*?(\n```\n\n<!-- \/demo -->)/;

/**
 * Puts the closing table between the marks `<!-- demo -->` and `<!-- /demo -->` of a Markdown file.
 * @throws {Error} when the file has no such place.
 */
export function pasteTable(file: string, rows: readonly (readonly [what: string, value: string])[]): void {
  const text = readFileSync(file, 'utf8');
  if (!BLOCK.test(text)) throw new Error(`${file} has no block between <!-- demo --> and <!-- /demo -->`);
  const width = Math.max(...rows.map(([what]) => what.length));
  const table = rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`).join('\n');
  writeFileSync(
    file,
    text.replace(BLOCK, (_, before: string, after: string) => before + table + after),
  );
}
