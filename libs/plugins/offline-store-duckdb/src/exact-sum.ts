import type { Session } from './engine.ts';
import { double } from './sql-text.ts';
import type { ViewRows } from './view-rows.ts';

// Sums of doubles depend on the order of the additions, and that order depends on threads, partitions and the window before. So doubles are summed
// exactly: each is an integer times a power of two, and those of similar size are summed as 128 bit integers, which any order gives the same.

/** Binary digits of magnitude that share one integer sum. 53 + 32 bits for a value leave 42 bits for the number of rows. */
const BAND_BITS = 32;
const MANTISSA_BITS = 53;

/** What occurs in a column, so that no sum is carried that has nothing to add. */
export interface Magnitudes {
  /** Ascending; band b holds magnitudes from 2^(53 + 32 b) on, below that of b + 1. */
  readonly bands: readonly number[];
  readonly special: boolean;
}

/** Which magnitudes the columns `s<n>` hold. */
export async function findMagnitudes(
  session: Session,
  rows: ViewRows,
  columns: readonly number[],
): Promise<ReadonlyMap<number, Magnitudes>> {
  const found = new Map<number, Magnitudes>();
  for (const column of columns) {
    const value = `s${column}`;
    const [row] = await session.rows(
      `SELECT coalesce(bool_or(NOT isfinite(${value})), false), ` +
        `CAST(to_json(list(DISTINCT CASE WHEN isfinite(${value}) AND ${value} <> 0 THEN CAST(floor(log2(abs(${value}))) AS INTEGER) END)) AS VARCHAR) ` +
        `FROM ${rows.relation}`,
    );
    const exponents = (JSON.parse(String(row?.[1] ?? '[]')) as (number | null)[]).filter(
      (exponent) => exponent !== null,
    );
    // The logarithm may be rounded over a power of two, so the neighbours' bands are carried as well; an empty one adds nothing.
    const bands = new Set(exponents.flatMap((exponent) => [exponent - 1, exponent + 1].map(bandOf)));
    found.set(column, { bands: [...bands].sort((a, b) => a - b), special: row?.[0] === true });
  }
  return found;
}

const bandOf = (exponent: number): number => Math.floor((exponent - MANTISSA_BITS) / BAND_BITS);

/**
 * SQL of the sum of doubles, null without any; the same bits whatever the order of the rows, and exact but for the last rounding per band.
 * @param aggregate turns an aggregate call, e.g. `sum(x)`, into one over the wanted rows.
 */
export function exactSum(value: string, magnitudes: Magnitudes, aggregate: (call: string) => string): string {
  const parts = magnitudes.bands.map((band) => {
    const sum = aggregate(`sum(${scaledInteger(value, band)})`);
    return scale(`CAST(coalesce(${sum}, 0) AS DOUBLE)`, BAND_BITS * band);
  });
  // The large ones first, as written: the additions are those of the statement.
  const finite = parts.length === 0 ? '0.0' : parts.reduceRight((total, part) => `(${total} + ${part})`);
  const count = (condition: string): string => aggregate(`count(CASE WHEN ${condition} THEN 1 END)`);
  const nan = `CAST('NaN' AS DOUBLE)`;
  const infinity = `CAST('Infinity' AS DOUBLE)`;
  const special = magnitudes.special
    ? `WHEN ${count(`isnan(${value})`)} > 0 THEN ${nan} ` +
      `WHEN ${count(`${value} = ${infinity}`)} > 0 THEN CASE WHEN ${count(`${value} = -${infinity}`)} > 0 THEN ${nan} ELSE ${infinity} END ` +
      `WHEN ${count(`${value} = -${infinity}`)} > 0 THEN -${infinity} `
    : '';
  return `CASE WHEN ${aggregate(`count(${value})`)} = 0 THEN NULL ${special}ELSE ${finite} END`;
}

/** The value as a whole number of 2^(32 band), 0 when it belongs to another band. Exact: scaling by a power of two changes no digit. */
function scaledInteger(value: string, band: number): string {
  const from = powerOfTwo(MANTISSA_BITS + BAND_BITS * band);
  const to = powerOfTwo(MANTISSA_BITS + BAND_BITS * (band + 1));
  const within = `abs(${value}) >= ${from} AND abs(${value}) < ${to}`;
  return `CASE WHEN ${value} IS NULL THEN NULL WHEN ${within} THEN CAST(${scale(value, -BAND_BITS * band)} AS HUGEINT) ELSE 0 END`;
}

/** Times 2^exponent, in steps that are doubles themselves. */
function scale(value: string, exponent: number): string {
  let scaled = value;
  let rest = exponent;
  while (rest !== 0) {
    const step = Math.max(-1000, Math.min(1000, rest));
    scaled = `(${scaled} * ${double(2 ** step)})`;
    rest -= step;
  }
  return scaled;
}

/** 2^exponent; below all doubles 0, above all infinity, as the borders of the outermost bands. */
const powerOfTwo = (exponent: number): string => double(2 ** exponent);
