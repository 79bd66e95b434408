import { encodeFloat64, type SqlRunner, type SqlValue } from '@slipway/persistence';
import type { ModelPoint } from '../domain/logged-model.ts';
import { comparePoints, type MetricAppend, type MetricPoint, type PointSubject } from '../domain/metric.ts';
import { insertRows, lockClause, selectIn } from './bulk.ts';

const isAboutModel = (point: MetricPoint): point is ModelPoint =>
  point.about !== undefined && point.about.modelId !== '';

const identityOf = ({ key, about }: { readonly key: string; readonly about: PointSubject }): string =>
  JSON.stringify([about.modelId, key, about.datasetName, about.datasetDigest]);

/** The latest of each model, key and dataset, in that order: two transactions never wait for each other in a circle. */
function latestPoints(points: readonly ModelPoint[]): readonly ModelPoint[] {
  const latest = new Map<string, ModelPoint>();
  for (const point of points) {
    const identity = identityOf(point);
    const known = latest.get(identity);
    if (!known || comparePoints(known, point) < 0) latest.set(identity, point);
  }
  return [...latest].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, point]) => point);
}

const IS_LATER = '(excluded.step, excluded.timestamp, excluded.value) > (s.step, s.timestamp, s.value)';
const later = (column: string): string =>
  `${column} = case when ${IS_LATER} then excluded.${column} else s.${column} end`;

const UPSERT = {
  head: `insert into tracking_logged_model_metric as s
    (workspace, model_id, key, dataset_name, dataset_digest, step, timestamp, value) values`,
  tail: `on conflict (workspace, model_id, key, dataset_name, dataset_digest) do update
    set ${later('step')}, ${later('timestamp')}, ${later('value')}`,
  width: 8,
};

/** Points about logged models become their latest values. A model that was removed for ever meanwhile gets none. */
export async function appendModelPoints(
  sql: SqlRunner,
  workspace: string,
  appends: readonly MetricAppend[],
): Promise<void> {
  if (!appends.some(({ points }) => points.some(isAboutModel))) return; // nearly always
  const all = appends.flatMap(({ points }) => points.filter(isAboutModel));
  const ids = [...new Set(all.map(({ about }) => about.modelId))].sort();
  const statement = {
    head: 'select model_id from tracking_logged_model where workspace = ? and model_id',
    tail: `order by model_id ${lockClause(sql, 'share')}`,
  };
  const held = await selectIn<{ model_id: string }>(sql, statement, [workspace], ids);
  const known = new Set(held.map(({ model_id }) => model_id));
  const rows = latestPoints(all.filter(({ about }) => known.has(about.modelId))).flatMap(
    ({ key, step, timestamp, value, about }): SqlValue[] => {
      const { modelId, datasetName, datasetDigest } = about;
      return [workspace, modelId, key, datasetName, datasetDigest, step, timestamp, encodeFloat64(value)];
    },
  );
  await insertRows(sql, UPSERT, rows);
}
