import { InvalidArgumentError } from '@slipway/kernel';
import type { ColumnData, Datatype } from '@slipway/plugin-kit';
import type { PlannedInput, PredictionPlan } from '@slipway/scoring';
import type { Columns } from '../feature-source.ts';

/** A value as the column of its input holds it; null where it is missing. */
type Cell = string | number | bigint | boolean | null;

/** What one event says about the inputs of a model. */
export interface EventFeatures {
  /** By input; undefined where the feature has to be fetched. */
  readonly given: readonly (Cell | undefined)[];
  /** Features to fetch, in the order of the plan. */
  readonly missing: readonly string[];
  /** Members of the data that may be keys of what is fetched, by name. */
  readonly keys: readonly (readonly [string, string | bigint | boolean])[];
}

const WHOLE = /^-?\d{1,19}$/;
const INT64_MAX = 2n ** 63n - 1n;
const NO_KEYS: EventFeatures['keys'] = [];

const refuse = (member: string, description: string, reason: 'FEATURE_INVALID' | 'FEATURE_MISSING') =>
  InvalidArgumentError.of(`data.${member}`, description, { reason });

/**
 * Reads an event's data: features of the request by bare name, features of the store by `view:feature`, keys of the others by name. Members that
 * the model does not know change nothing, so one event can serve several models.
 * @throws {InvalidArgumentError} FEATURE_MISSING or FEATURE_INVALID, naming the member.
 */
export function readEventFeatures(plan: PredictionPlan, data: Readonly<Record<string, unknown>>): EventFeatures {
  const given = plan.inputs.map((planned) => readGiven(planned, data));
  if (!given.includes(undefined)) return { given, missing: [], keys: NO_KEYS };
  const missing = plan.storeFeatures.filter((feature) => data[feature] === undefined);
  return { given, missing, keys: readKeys(plan, data) };
}

function readGiven(
  { feature, requestName, input }: PlannedInput,
  data: Readonly<Record<string, unknown>>,
): Cell | undefined {
  const member = requestName ?? feature;
  const value = data[member];
  if (value === undefined) {
    if (requestName === undefined) return undefined;
    throw refuse(member, 'is missing; the model needs it with every event', 'FEATURE_MISSING');
  }
  if (value === null) return null;
  const cell = toCell(input.datatype, value);
  if (cell !== undefined) return cell;
  throw refuse(member, `is not what input '${input.name}' of type ${input.datatype} takes`, 'FEATURE_INVALID');
}

/** JSON has no whole numbers beyond 2^53: those come as text. */
function toCell(datatype: Datatype, value: unknown): Cell | undefined {
  switch (datatype) {
    case 'FP32':
    case 'FP64':
      return typeof value === 'number' ? value : undefined;
    case 'BOOL':
      return typeof value === 'boolean' ? value : undefined;
    case 'BYTES':
      return typeof value === 'string' ? value : undefined;
    default:
      return toWhole(value);
  }
}

function toWhole(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !WHOLE.test(value)) return undefined;
  const whole = BigInt(value);
  return whole <= INT64_MAX && whole >= -INT64_MAX - 1n ? whole : undefined;
}

function readKeys(plan: PredictionPlan, data: Readonly<Record<string, unknown>>): EventFeatures['keys'] {
  const keys: (readonly [string, string | bigint | boolean])[] = [];
  for (const [name, value] of Object.entries(data)) {
    if (name.includes(':') || plan.requestFeatures.has(name)) continue;
    if (typeof value === 'string' || typeof value === 'boolean') keys.push([name, value]);
    else if (typeof value === 'number' && Number.isSafeInteger(value)) keys.push([name, BigInt(value)]);
  }
  return keys.sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Events of one shape can be asked for together: the same features at the same time, by keys of the same names and types. */
export function shapeOf({ missing, keys }: EventFeatures, timeMicros: bigint): string {
  if (missing.length === 0) return '';
  return JSON.stringify([`${timeMicros}`, missing, keys.map(([name, value]) => [name, typeof value])]);
}

/** The column of one given input. */
export function givenColumn(datatype: Datatype, cells: readonly (Cell | undefined)[]): ColumnData {
  const present = Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1));
  switch (datatype) {
    case 'FP32':
    case 'FP64':
      return { type: 'number', values: Float64Array.from(cells, (cell) => (cell as number | null) ?? 0), present };
    case 'BOOL':
      return { type: 'boolean', values: Uint8Array.from(cells, Number), present };
    case 'BYTES':
      return { type: 'string', values: cells.map((cell) => (cell as string | null) ?? ''), present };
    default:
      return { type: 'integer', values: BigInt64Array.from(cells, (cell) => (cell as bigint | null) ?? 0n), present };
  }
}

/** Keys of events of one shape, by name. */
export function keyColumns(rows: readonly EventFeatures['keys'][]): Columns {
  const names = rows[0]?.map(([name]) => name) ?? [];
  return new Map(names.map((name, at) => [name, keyColumn(rows.map((keys) => keys[at]?.[1] ?? ''))]));
}

function keyColumn(values: readonly (string | bigint | boolean)[]): ColumnData {
  const present = new Uint8Array(values.length).fill(1);
  switch (typeof values[0]) {
    case 'bigint':
      return { type: 'integer', values: BigInt64Array.from(values as bigint[]), present };
    case 'boolean':
      return { type: 'boolean', values: Uint8Array.from(values, Number), present };
    default:
      return { type: 'string', values: values as string[], present };
  }
}
