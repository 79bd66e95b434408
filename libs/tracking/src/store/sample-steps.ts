import { setImmediate as immediate } from 'node:timers/promises';
import type { SampledSeries, SampleQuery, StepRange } from '../domain/histories.ts';
import { DEFAULT_STEP_RANGE, evenPlaces, SERIES_POINTS_MAX } from '../domain/metric-sampling.ts';
import { pointOf, type PointRecord } from './append-points.ts';
import { selectIn } from './bulk.ts';
import { POINT_COLUMNS, type SampleSource, type StoredSeries } from './history-rows.ts';

/** Steps of one question: a database that runs on the event loop lets others have their turn between two. */
const STEPS_AT_ONCE = 10_000;

/** As MLflow samples: the same steps for all runs, and every point at them. */
export async function sampleSteps(
  source: SampleSource,
  all: readonly StoredSeries[],
  { range = DEFAULT_STEP_RANGE, pointsMax }: Pick<SampleQuery, 'range' | 'pointsMax'>,
): Promise<readonly SampledSeries[]> {
  let union: readonly bigint[] = [];
  const ends = new Set<bigint>();
  const counts = new Map<bigint, bigint>();
  for (const { series } of all) {
    const { steps, count } = await stepsOf(source, series, range);
    counts.set(series, count);
    union = merge(union, steps);
    for (const end of await endsOf(source, series)) if (end >= range.first && end <= range.last) ends.add(end);
  }
  for (const place of evenPlaces(union.length, pointsMax)) ends.add(union[place] ?? 0n);
  const chosen = [...ends].sort((left, right) => (left < right ? -1 : 1));
  const sampled: SampledSeries[] = [];
  for (const { runId, series } of all) {
    const points = await pointsAt(source, series, chosen);
    if (points.length === 0) continue;
    const { key } = source;
    sampled.push({ runId, key, points: points.map((row) => pointOf(key, row)), count: counts.get(series) ?? 0n });
  }
  return sampled;
}

interface Steps {
  /** Ascending, each once. */
  readonly steps: readonly bigint[];
  /** Points at them. */
  readonly count: bigint;
}

/** Steps travel as one text per question: an object for each of a million would cost more than reading them. */
async function stepsOf({ sql, workspace }: SampleSource, series: bigint, { first, last }: StepRange): Promise<Steps> {
  const join = sql.dialect === 'sqlite' ? "group_concat(step, ',')" : "string_agg(cast(step as text), ',')";
  const steps: bigint[] = [];
  let count = 0n;
  for (let from = first; from <= last;) {
    const [row] = await sql.all<{ steps: string | null; points: string | null }>(
      `select ${join} as steps, cast(sum(points) as text) as points from (select step, count(*) as points from tracking_metric_point
         where workspace = ? and series = ? and step >= ? and step <= ? group by step order by step limit cast(? as integer)) p`,
      [workspace, series, from, last, STEPS_AT_ONCE],
    );
    if (!row?.steps) break;
    const texts = row.steps.split(',');
    for (const text of texts) steps.push(BigInt(text));
    count += BigInt(row.points ?? '0');
    const end = steps.at(-1) ?? last;
    if (texts.length < STEPS_AT_ONCE || end >= last) break;
    from = end + 1n;
    await immediate();
  }
  return { steps, count };
}

/** Of ascending lists without repeats one such list. */
function merge(left: readonly bigint[], right: readonly bigint[]): readonly bigint[] {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const merged: bigint[] = [];
  for (let [at, to] = [0, 0]; at < left.length || to < right.length;) {
    const [one, other] = [left[at], right[to]];
    if (other === undefined || (one !== undefined && one <= other)) {
      at += 1;
      if (one === other) to += 1;
      merged.push(one ?? 0n);
    } else {
      to += 1;
      merged.push(other);
    }
  }
  return merged;
}

/** The first and the last step of the whole series. */
async function endsOf({ sql, workspace }: SampleSource, series: bigint): Promise<readonly bigint[]> {
  const ask = (direction: 'asc' | 'desc') =>
    sql.all<{ step: string }>(
      `select cast(p.step as text) as step from tracking_metric_point p where p.workspace = ? and p.series = ?
       order by p.step ${direction}, p.timestamp ${direction}, p.value ${direction} limit 1`,
      [workspace, series],
    );
  return [...(await ask('asc')), ...(await ask('desc'))].map(({ step }) => BigInt(step));
}

/** All points at these steps, in their order; past a bound the later ones are left out. */
async function pointsAt(
  { sql, workspace }: SampleSource,
  series: bigint,
  steps: readonly bigint[],
): Promise<readonly PointRecord[]> {
  const p = 'tracking_metric_point';
  const head = `select ${POINT_COLUMNS} from ${p} where workspace = ? and series = ? and step`;
  const tail = `order by ${p}.step, ${p}.timestamp, ${p}.value limit ${SERIES_POINTS_MAX}`;
  const rows = await selectIn<PointRecord>(sql, { head, tail }, [workspace, series], steps);
  return rows.slice(0, SERIES_POINTS_MAX);
}
