import type { SampledSeries, SampleQuery } from '../domain/histories.ts';
import { comparePoints, compareValues, type MetricPoint } from '../domain/metric.ts';

/** All points of one metric of one run. */
export interface WholeSeries {
  readonly runId: string;
  readonly points: readonly MetricPoint[];
}

/** Says what a sample is, by looking at every point: what the databases are compared with. */
export function sampled(key: string, all: readonly WholeSeries[], query: SampleQuery): readonly SampledSeries[] {
  const series = query.runIds.flatMap((runId) => {
    const points = all.find((each) => each.runId === runId)?.points ?? [];
    return points.length === 0 ? [] : [{ runId, points: points.toSorted(comparePoints) }];
  });
  const { range } = query;
  const [first, last] = range
    ? [range.first, range.last]
    : [query.method === 'steps' ? 0n : -(2n ** 63n), 2n ** 63n - 1n];
  const within = ({ step }: MetricPoint): boolean => step >= first && step <= last;
  const steps = query.method === 'steps' ? chosenSteps(series, within, query.pointsMax) : new Set<bigint>();
  return series.flatMap(({ runId, points }) => {
    const candidates = points.filter(within);
    const chosen =
      query.method === 'steps'
        ? candidates.filter(({ step }) => steps.has(step))
        : extremes(candidates, query.pointsMax);
    return chosen.length === 0 ? [] : [{ runId, key, points: chosen, count: BigInt(candidates.length) }];
  });
}

function chosenSteps(
  series: readonly WholeSeries[],
  within: (point: MetricPoint) => boolean,
  max: number,
): ReadonlySet<bigint> {
  const all = series.flatMap(({ points }) => points.filter(within).map(({ step }) => step));
  const steps = [...new Set(all)].sort((left, right) => (left < right ? -1 : 1));
  const chosen = new Set<bigint>(steps.length <= max ? steps : steps.slice(-1));
  for (let index = 0; steps.length > max && index < max; index += 1) {
    chosen.add(steps[Math.floor(index * (steps.length / max))] ?? 0n);
  }
  for (const { points } of series) {
    for (const end of [points[0], points.at(-1)]) if (end && within(end)) chosen.add(end.step);
  }
  return chosen;
}

function extremes(points: readonly MetricPoint[], max: number): readonly MetricPoint[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= max || !first || !last) return points;
  const buckets = BigInt(max < 4 ? 1 : Math.floor(max / 4));
  const span = last.step - first.step + 1n;
  const width = span / buckets + (span % buckets === 0n ? 0n : 1n);
  const groups = Map.groupBy(points, ({ step }) => (step - first.step) / width);
  return [...groups.values()].flatMap((group) => {
    const numbers = group.filter(({ value }) => !Number.isNaN(value));
    const best = (sign: number): readonly MetricPoint[] =>
      numbers.toSorted((left, right) => sign * compareValues(left.value, right.value)).slice(0, 1);
    const telling = new Set([...group.slice(-1), ...group.slice(0, 1), ...best(-1), ...best(1)]);
    return [...telling].slice(0, max).sort(comparePoints);
  });
}
