import {
  InvalidArgumentError,
  type ColumnType,
  type ViewFeature,
  type ViewTable,
  type WindowAggregation,
} from '@slipway/plugin-kit';
import { innerType } from './casting.ts';
import { exactSum, findMagnitudes, type Magnitudes } from './exact-sum.ts';
import type { Session } from './engine.ts';
import { sourceNames, type ViewRows } from './view-rows.ts';

/** Longer windows reach further back than any time that a row can have. */
const WINDOW_MICROS_MAX = 2n ** 60n;

/** How the features of a view are computed from its rows. */
export interface FeatureSql {
  /** SQL per feature. @param aggregate an aggregate call over the rows of a window of that many microseconds. */
  values(aggregate: (call: string, windowMicros: bigint) => string): readonly string[];
  /** Distinct windows; none when no feature is an aggregation. */
  readonly windows: readonly bigint[];
}

/** @throws {InvalidArgumentError} for an aggregation that its column or the type of the feature does not allow. */
export async function planFeatures(session: Session, view: ViewTable, rows: ViewRows): Promise<FeatureSql> {
  const names = sourceNames(view);
  const aggregations = view.features.flatMap(({ from }) => ('aggregation' in from ? [from.aggregation] : []));
  for (const feature of view.features) assertFeature(view, feature, rows);
  const summed = aggregations
    .filter(({ function: name }) => name === 'mean' || name === 'sum')
    .map(({ column }) => names.indexOf(column));
  const doubles = [...new Set(summed)].filter((index) => rows.sources[index]?.type === 'number');
  const magnitudes = await findMagnitudes(session, rows, doubles);
  return {
    windows: [...new Set(aggregations.map(windowOf))],
    values: (aggregate) =>
      view.features.map(({ from, type }) => {
        const value =
          'column' in from
            ? `s${names.indexOf(from.column)}`
            : aggregated(from.aggregation, names.indexOf(from.aggregation.column), magnitudes, (call) =>
                aggregate(call, windowOf(from.aggregation)),
              );
        return `CAST(${value} AS ${innerType(type)})`;
      }),
  };
}

const windowOf = ({ windowMicros }: WindowAggregation): bigint =>
  windowMicros > WINDOW_MICROS_MAX ? WINDOW_MICROS_MAX : windowMicros;

function aggregated(
  aggregation: WindowAggregation,
  source: number,
  magnitudes: ReadonlyMap<number, Magnitudes>,
  aggregate: (call: string) => string,
): string {
  const value = `s${source}`;
  const known = magnitudes.get(source);
  const sum = (): string => (known ? exactSum(value, known, aggregate) : aggregate(`sum(${value})`));
  switch (aggregation.function) {
    case 'count':
      return aggregate(`count(${value})`);
    case 'minimum':
      return aggregate(`min(${value})`);
    case 'maximum':
      return aggregate(`max(${value})`);
    case 'sum':
      return sum();
    case 'mean':
      return `CASE WHEN ${aggregate(`count(${value})`)} > 0 THEN CAST(${sum()} AS DOUBLE) / ${aggregate(`count(${value})`)} END`;
  }
}

function assertFeature(view: ViewTable, feature: ViewFeature, rows: ViewRows): void {
  const { from, name, type } = feature;
  const column = 'column' in from ? from.column : from.aggregation.column;
  const source = rows.sources.find((candidate) => candidate.name === column)?.type ?? type;
  const numeric = source === 'integer' || source === 'number';
  const refuse = (description: string): InvalidArgumentError =>
    InvalidArgumentError.of(`${view.name}.${name}`, description);
  if ('aggregation' in from) {
    if (from.aggregation.windowMicros < 0n) throw refuse('a window must not be negative');
    if ((from.aggregation.function === 'mean' || from.aggregation.function === 'sum') && !numeric)
      throw refuse(`the ${from.aggregation.function} of column '${column}' of type ${source} does not exist`);
  }
  const result = 'column' in from ? source : resultType(from.aggregation, source);
  if (view.files.length === 0) return; // nothing says what the columns hold
  if (type !== result && !(type === 'number' && result === 'integer'))
    throw refuse(`is declared as ${type}; made of column '${column}' of type ${source} it is ${result}`);
}

const resultType = (aggregation: WindowAggregation, source: ColumnType): ColumnType =>
  aggregation.function === 'count' ? 'integer' : aggregation.function === 'mean' ? 'number' : source;
