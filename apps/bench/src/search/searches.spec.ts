import { describe, expect, it } from 'vitest';
import { METRICS, PARAMS, type LoggedRun } from './search-runs.ts';
import { expectedOf, searchesOf, type Search } from './searches.ts';

const runOf = (number: number, change: Partial<LoggedRun> = {}): LoggedRun => ({
  id: `run-${number}`,
  number,
  metrics: new Float32Array(METRICS).fill(0.5),
  params: Array<string>(PARAMS).fill('value-0'),
  team: 'team-0',
  ...change,
});

const searchOf = (kind: string): Search => {
  const found = searchesOf(0).find((search) => search.kind === kind);
  if (!found) throw new Error(`no search '${kind}'`);
  return found;
};

describe('expected runs', () => {
  const good = runOf(1, { metrics: new Float32Array(METRICS).fill(0.9) });
  const bad = runOf(4, { metrics: new Float32Array(METRICS).fill(0.1) });
  const other = runOf(3, { team: 'team-1', params: Array<string>(PARAMS).fill('value-1') });
  const runs = [runOf(0), good, runOf(2), other, bad];

  it.each([
    ['newest', ['run-4', 'run-3']],
    ['newest, 3 pages', ['run-4', 'run-3', 'run-2', 'run-1', 'run-0']],
    ['param', ['run-4', 'run-2']],
    ['tag', ['run-4', 'run-2']],
    ['by metric', ['run-1', 'run-3']],
    ['metric by metric, 2 pages', ['run-1', 'run-3', 'run-2', 'run-0']],
    ['metric, param, tag', ['run-2', 'run-1']],
  ])('of search %s come in its order', (kind, ids) => {
    expect(expectedOf(searchOf(kind), runs, 2)).toEqual(ids);
  });
});
