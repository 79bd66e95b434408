import { METRICS, PARAMS, paramValue, teamOf, type LoggedRun } from './search-runs.ts';

/** One search and what it has to find. */
export interface Search {
  readonly kind: string;
  readonly filter: string;
  readonly orderBy: readonly string[];
  /** From 1; the pages before it are asked for, too. */
  readonly pages: number;
  readonly matches: (run: LoggedRun) => boolean;
  /** Sorts descending; the newest run first when it is equal. */
  readonly rank: (run: LoggedRun) => number;
}

const everything = (): boolean => true;
const byAge = (): number => 0;
const THRESHOLDS = [0.2, 0.5, 0.8, 0.95];

/** What people ask of runs, with other keys and values in each cycle. @param cycle from 0. */
export function searchesOf(cycle: number): readonly Search[] {
  const metric = (cycle * 7) % METRICS;
  const [param, value] = [(cycle * 3) % PARAMS, paramValue(cycle * 11)];
  const team = teamOf(cycle);
  const above = THRESHOLDS[cycle % THRESHOLDS.length] ?? 0;
  const ofMetric = (run: LoggedRun): number => run.metrics[metric] ?? Number.NaN;
  const byMetric = [`metrics.\`metric-${metric}\` DESC`];
  const metricAbove = `metrics.\`metric-${metric}\` > ${above}`;
  const paramIs = `params.\`param-${param}\` = '${value}'`;
  const plain = { filter: '', orderBy: [], pages: 1, matches: everything, rank: byAge };
  return [
    { ...plain, kind: 'newest' },
    { ...plain, kind: 'newest, 3 pages', pages: 3 },
    { ...plain, kind: 'param', filter: paramIs, matches: ({ params }) => params[param] === value },
    { ...plain, kind: 'tag', filter: `tags.team = '${team}'`, matches: (run) => run.team === team },
    { ...plain, kind: 'by metric', orderBy: byMetric, rank: ofMetric },
    {
      ...plain,
      kind: 'metric by metric, 2 pages',
      filter: metricAbove,
      orderBy: byMetric,
      pages: 2,
      matches: (run) => ofMetric(run) > above,
      rank: ofMetric,
    },
    {
      ...plain,
      kind: 'metric, param, tag',
      filter: `${metricAbove} and ${paramIs} and tags.team = '${team}'`,
      matches: (run) => ofMetric(run) > above && run.params[param] === value && run.team === team,
    },
  ];
}

/** Ids that the pages of a search have to give, in their order. */
export const expectedOf = (
  { matches, rank, pages }: Search,
  runs: readonly LoggedRun[],
  pageSize: number,
): readonly string[] =>
  runs
    .filter(matches)
    .toSorted((left, right) => rank(right) - rank(left) || right.number - left.number)
    .slice(0, pages * pageSize)
    .map(({ id }) => id);
