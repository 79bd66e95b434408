import type { Micros } from '@slipway/kernel';

/** Column of every file of ours: event time in microseconds since 1970. */
export const TIME_COLUMN = 'event_time_us';

/** How a column is made from one of the source. */
export type Derivation = { readonly function: 'hour' | 'weekday' | 'day' | 'number' | 'text'; readonly column: string };

/** What a row of a training set has, in this order. */
export interface TrainingRows {
  readonly eventTime: string;
  readonly from: Micros | undefined;
  readonly until: Micros;
  /** Taken as they are. */
  readonly columns: readonly string[];
  readonly derive: Readonly<Record<string, Derivation>>;
  /** `view:feature`; the column is named as the feature. */
  readonly features: readonly string[];
  readonly label: { readonly name: string; readonly column: string; readonly greaterThan: number | undefined };
}

/** Name of the column of a feature in our file: what is after the colon. */
export const featureColumn = (feature: string): string => feature.slice(feature.indexOf(':') + 1);

/** Names of all columns of the file, in their order. */
export const columnsOf = ({ columns, derive, features, label }: TrainingRows): readonly string[] => [
  TIME_COLUMN,
  ...columns,
  ...Object.keys(derive),
  ...features.map(featureColumn),
  label.name,
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** Names of files are patterns unless their signs are in brackets. */
const pathLiteral = (path: string): string => literal(path.replaceAll(/[[*?]/g, '[$&]'));

const DERIVATIONS: Readonly<Record<Derivation['function'], (column: string) => string>> = {
  hour: (column) => `lpad(hour(${column})::varchar, 2, '0')`,
  weekday: (column) => `dayname(${column})`,
  day: (column) => `day(${column})::double`,
  number: (column) => `${column}::double`,
  text: (column) => `${column}::varchar`,
};

/**
 * Makes the file of a training set of the files of a scoring set, rows in their order. Rows without a label are left out: nothing can be learned from them.
 * All names and texts are quoted; numbers are numbers.
 */
export function trainingQuery(rows: TrainingRows, files: readonly string[], target: string): string {
  const time = quoted(rows.eventTime);
  const label = quoted(rows.label.column);
  const { greaterThan } = rows.label;
  const selected = [
    `epoch_us(${time})::double as ${quoted(TIME_COLUMN)}`,
    ...rows.columns.map((column) => quoted(column)),
    ...Object.entries(rows.derive).map(
      ([name, derivation]) => `${DERIVATIONS[derivation.function](quoted(derivation.column))} as ${quoted(name)}`,
    ),
    ...rows.features.map((feature) => `${quoted(feature.replace(':', '__'))} as ${quoted(featureColumn(feature))}`),
    `${greaterThan === undefined ? `${label}::double` : `(${label} > ${greaterThan})::bigint`} as ${quoted(rows.label.name)}`,
  ];
  const bounds = [
    `epoch_us(${time}) < ${rows.until}`,
    `${label} is not null`,
    ...(rows.from === undefined ? [] : [`epoch_us(${time}) >= ${rows.from}`]),
  ];
  const source = `read_parquet([${files.map(pathLiteral).join(', ')}])`;
  return `copy (select ${selected.join(', ')} from ${source} where ${bounds.join(' and ')})
    to ${literal(target)} (format parquet, compression snappy)`;
}
