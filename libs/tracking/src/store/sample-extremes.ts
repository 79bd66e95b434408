import { setImmediate as immediate } from 'node:timers/promises';
import type { MetricPoint } from '../domain/metric.ts';
import { comparePoints } from '../domain/metric.ts';
import type { SampledSeries, SampleQuery, StepRange } from '../domain/histories.ts';
import { BUCKET_POINTS, stepBuckets } from '../domain/metric-sampling.ts';
import { pointOf, type PointRecord } from './append-points.ts';
import { STORED_NAN } from './condition-sql.ts';
import { POINT_COLUMNS, type SampleSource, type StoredSeries } from './history-rows.ts';

/** Statements on SQLite run on the event loop; others get their turn between them. */
const YIELD_EVERY_MS = 5;

/** The first, last, least and greatest point of each of some buckets of steps, for each series by itself. */
export async function sampleExtremes(
  source: SampleSource,
  all: readonly StoredSeries[],
  query: Pick<SampleQuery, 'range' | 'pointsMax'>,
): Promise<readonly SampledSeries[]> {
  const sampled: SampledSeries[] = [];
  for (const { runId, series } of all) {
    const found = await new SeriesExtremes(source, series).sample(query);
    if (found.points.length > 0) sampled.push({ runId, key: source.key, ...found });
  }
  return sampled;
}

const p = 'tracking_metric_point';
const ASCENDING = `order by ${p}.step, ${p}.timestamp, ${p}.value`;
const DESCENDING = `order by ${p}.step desc, ${p}.timestamp desc, ${p}.value desc`;

interface Extremes {
  readonly points: string;
  readonly least: string | null;
  readonly greatest: string | null;
}

class SeriesExtremes {
  readonly #source: SampleSource;
  readonly #series: bigint;

  constructor(source: SampleSource, series: bigint) {
    this.#source = source;
    this.#series = series;
  }

  async sample({
    range,
    pointsMax,
  }: Pick<SampleQuery, 'range' | 'pointsMax'>): Promise<Pick<SampledSeries, 'points' | 'count'>> {
    const few = await this.#points(range, ASCENDING, pointsMax + 1);
    const [first] = few;
    if (few.length <= pointsMax || !first) return { points: few, count: BigInt(few.length) };
    const [last = first] = await this.#points(range, DESCENDING, 1);
    const points: MetricPoint[] = [];
    let count = 0n;
    let yieldedAt = performance.now();
    for (const bucket of stepBuckets({ first: first.step, last: last.step }, pointsMax)) {
      const found = await this.#bucket(bucket);
      count += found.count;
      points.push(...(pointsMax < BUCKET_POINTS ? mostTelling(found.points, pointsMax) : distinct(found.points)));
      if (performance.now() - yieldedAt < YIELD_EVERY_MS) continue;
      await immediate();
      yieldedAt = performance.now();
    }
    return { points, count };
  }

  /** The last, first, greatest and least point; NaN is neither great nor small, and of equal ones the earliest counts. */
  async #bucket(bucket: StepRange): Promise<{ readonly points: readonly MetricPoint[]; readonly count: bigint }> {
    const { sql, workspace } = this.#source;
    const number = `case when value < ${STORED_NAN} then value end`;
    const [row] = await sql.all<Extremes>(
      `select cast(count(*) as text) as points, cast(min(value) as text) as least, cast(max(${number}) as text) as greatest
       from ${p} where workspace = ? and series = ? and step >= ? and step <= ?`,
      [workspace, this.#series, bucket.first, bucket.last],
    );
    if (!row || row.points === '0') return { points: [], count: 0n };
    const points = [
      ...(await this.#points(bucket, DESCENDING, 1)),
      ...(await this.#points(bucket, ASCENDING, 1)),
      ...(row.greatest === null ? [] : await this.#points(bucket, ASCENDING, 1, BigInt(row.greatest))),
      ...(row.least === null || row.greatest === null
        ? []
        : await this.#points(bucket, ASCENDING, 1, BigInt(row.least))),
    ];
    return { points, count: BigInt(row.points) };
  }

  async #points(
    range: StepRange | undefined,
    order: string,
    limit: number,
    value?: bigint,
  ): Promise<readonly MetricPoint[]> {
    const { sql, workspace, key } = this.#source;
    const between = range ? 'and step >= ? and step <= ?' : '';
    const rows = await sql.all<PointRecord>(
      `select ${POINT_COLUMNS} from ${p} where workspace = ? and series = ? ${between} ${value === undefined ? '' : 'and value = ?'}
       ${order} limit cast(? as integer)`,
      [
        workspace,
        this.#series,
        ...(range ? [range.first, range.last] : []),
        ...(value === undefined ? [] : [value]),
        limit,
      ],
    );
    return rows.map((row) => pointOf(key, row));
  }
}

/** In the order of `comparePoints`, each once. */
function distinct(points: readonly MetricPoint[]): readonly MetricPoint[] {
  const sorted = points.toSorted(comparePoints);
  return sorted.filter((point, at) => at === 0 || comparePoints(sorted[at - 1] ?? point, point) !== 0);
}

/** Of those of one bucket, the most telling first, as many as may be. */
function mostTelling(points: readonly MetricPoint[], max: number): readonly MetricPoint[] {
  const each = points.filter((point, at) => points.findIndex((other) => comparePoints(other, point) === 0) === at);
  return distinct(each.slice(0, max));
}
