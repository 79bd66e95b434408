import { InvalidArgumentError } from '@slipway/kernel';
import { decodePageToken, encodePageToken, type PageKey, type PageQuery, type SqlRunner } from '@slipway/persistence';
import type { RunPoint } from '../domain/histories.ts';
import type { MetricPoint } from '../domain/metric.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import { pointOf, type PointRecord } from './append-points.ts';
import { selectIn } from './bulk.ts';

/** One metric, and where its points lie. */
export interface SampleSource {
  readonly sql: SqlRunner;
  readonly workspace: string;
  readonly key: string;
}

/** Points of one metric of one run lie under a number. */
export interface StoredSeries {
  readonly runId: string;
  readonly series: bigint;
}

export const POINT_COLUMNS =
  'cast(step as text) as step, cast(timestamp as text) as timestamp, cast(value as text) as value';
const OF_SERIES = 'from tracking_metric_point where workspace = ? and series = ?';

/** Those of these runs that have the metric, in the order of `runIds`. */
export async function findSeries(
  sql: SqlRunner,
  workspace: string,
  key: string,
  runIds: readonly string[],
): Promise<readonly StoredSeries[]> {
  const head =
    'select run_id, cast(series as text) as series from tracking_metric_series where workspace = ? and key = ? and run_id';
  const rows = await selectIn<{ run_id: string; series: string }>(sql, { head }, [workspace, key], runIds);
  const numbers = new Map(rows.map(({ run_id, series }) => [run_id, BigInt(series)]));
  return runIds.flatMap((runId) => {
    const series = numbers.get(runId);
    return series === undefined ? [] : [{ runId, series }];
  });
}

type Position = readonly [step: bigint, timestamp: bigint, value: bigint];

/** The next points of one series, found by the primary key alone. */
function pointsAfter(
  sql: SqlRunner,
  workspace: string,
  series: bigint,
  after: Position | undefined,
  limit: number,
): Promise<readonly PointRecord[]> {
  const behind = after ? 'and (step, timestamp, value) > (?, ?, ?)' : '';
  return sql.all<PointRecord>(
    `select ${POINT_COLUMNS} ${OF_SERIES} ${behind} order by tracking_metric_point.step, tracking_metric_point.timestamp, tracking_metric_point.value limit cast(? as integer)`,
    [workspace, series, ...(after ?? []), limit],
  );
}

/** The last point of a page, and in which of the runs it is. */
interface Place {
  readonly run: number;
  readonly position: Position;
}

function readPlace(query: PageQuery, token: string, runs: number): Place | undefined {
  const keys = decodePageToken(query, token);
  if (!keys) return undefined;
  const [run, step, timestamp, value] = keys;
  const isOurs =
    keys.length === 4 &&
    typeof run === 'bigint' &&
    run >= 0n &&
    run < BigInt(runs) &&
    [step, timestamp, value].every((each) => typeof each === 'bigint');
  if (!isOurs) {
    throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
      reason: 'PAGE_TOKEN_INVALID',
    });
  }
  return { run: Number(run), position: [step, timestamp, value] as unknown as Position };
}

/** One run after the other, each by step, timestamp and value. @throws {InvalidArgumentError} on a token that is not of this list. */
export async function readHistories(
  sql: SqlRunner,
  workspace: string,
  { runIds, key, method }: { readonly runIds: readonly string[]; readonly key: string; readonly method: string },
  { pageSize, pageToken }: PageRequest,
): Promise<Page<RunPoint>> {
  const query: PageQuery = { method, workspace, filter: [...runIds, key], orderBy: '' };
  const begin = readPlace(query, pageToken, runIds.length);
  const numbers = new Map((await findSeries(sql, workspace, key, runIds)).map(({ runId, series }) => [runId, series]));
  const found: { readonly run: number; readonly row: PointRecord }[] = [];
  for (let run = begin?.run ?? 0; run < runIds.length && found.length <= pageSize; run += 1) {
    const series = numbers.get(runIds[run] ?? '');
    if (series === undefined) continue;
    const after = run === begin?.run ? begin.position : undefined;
    const rows = await pointsAfter(sql, workspace, series, after, pageSize + 1 - found.length);
    for (const row of rows) found.push({ run, row });
  }
  const items = found
    .slice(0, pageSize)
    .map(({ run, row }) => ({ runId: runIds[run] ?? '', point: pointOf(key, row) }));
  const last = found[pageSize - 1];
  if (found.length <= pageSize || !last) return { items };
  const { step, timestamp, value } = last.row;
  const keys: PageKey[] = [BigInt(last.run), BigInt(step), BigInt(timestamp), BigInt(value)];
  return { items, nextPageToken: encodePageToken(query, keys) };
}

/** @throws {InvalidArgumentError} on a token that is not of this history. */
export async function readHistory(
  sql: SqlRunner,
  workspace: string,
  runId: string,
  key: string,
  page: PageRequest,
): Promise<Page<MetricPoint>> {
  const list = { runIds: [runId], key, method: 'tracking.GetMetricHistory' };
  const { items, ...rest } = await readHistories(sql, workspace, list, page);
  return { items: items.map(({ point }) => point), ...rest };
}
