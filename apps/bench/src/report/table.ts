import type { Budget, Result } from '../bench-row.ts';
import type { Spread } from '../measure/spread.ts';
import { gapOf, judged, verdictOf } from './verdict.ts';

const HEAD = ['work', 'unit', 'ours', 'limit', 'ratio (min-max)', 'budget', 'verdict'] as const;

/**
 * The table for people.
 * @param style.verdicts false leaves out budgets: the phases were too short to decide anything. @param style.colour for terminals.
 */
export function describeResults(
  results: readonly Result[],
  style: { readonly verdicts: boolean; readonly colour: boolean },
): string {
  const rows = results.map((result) => cellsOf(result, style.verdicts));
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column < 2 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const red = (text: string): string => (style.colour ? `\u001B[31m${text}\u001B[0m` : text);
  const body = rows.map((cells) => (cells[6] === 'MISSED' ? red(line(cells)) : line(cells)));
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...body, ''].join('\n');
}

function cellsOf(result: Result, verdicts: boolean): readonly string[] {
  const { work, unit, ours, limit, ratio, budget } = result;
  return [
    work,
    unit,
    number(ours.median),
    limit ? `${limit.name} ${number(limit.value.median)}` : '',
    ratio ? withSpread(ratio) : withSpread(ours),
    budget && verdicts ? describeBudget(budget) : '',
    verdicts ? verdictOf(result) : '-',
  ];
}

/** Each row past its budget with its gap and cause; empty when there is none. */
export function describeMisses(results: readonly Result[]): string {
  const missed = results.flatMap((result) => {
    const { work, budget, cause } = result;
    if (!budget || verdictOf(result) !== 'MISSED') return [];
    const gap = `${number(judged(result))} where the budget is ${describeBudget(budget)}, ${(gapOf(budget, judged(result)) * 100).toFixed(0)}% past it`;
    return [`  ${work}\n    gap: ${gap}\n    cause: ${cause ?? 'not known from this run'}`];
  });
  return missed.length === 0 ? '' : ['misses', ...missed, ''].join('\n');
}

const describeBudget = (budget: Budget): string =>
  'atMost' in budget ? `at most ${budget.atMost}` : `at least ${budget.atLeast}`;

const withSpread = ({ median, min, max }: Spread): string => `${number(median)} (${number(min)}-${number(max)})`;

/** Three digits that matter. */
function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
