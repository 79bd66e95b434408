import type { Micros } from '@slipway/kernel';
import type { StageMicros } from './stages.ts';

/** Numbers by row; what is missing is NaN. */
export interface LoggedNumbers {
  readonly name: string;
  readonly values: Float64Array;
}

/** Texts by row; what is missing is empty. */
export interface LoggedTexts {
  readonly name: string;
  readonly values: readonly string[];
}

export type LoggedViewStatus = 'PRESENT' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';

/** Which rows of a view were used, by row. */
export interface LoggedView {
  readonly view: string;
  /** 0 where there was none. */
  readonly eventTimes: readonly Micros[];
  readonly statuses: readonly LoggedViewStatus[];
}

/** What a row was predicted for, and what the router said about it; empty and 0 without an assignment. */
export interface LoggedUnit {
  readonly unitHash: string;
  readonly assignmentId: string;
  readonly experiment: string;
  readonly arm: string;
  readonly propensity: number;
}

/** A version that scored the rows of a call and did not answer. */
export interface LoggedShadow {
  readonly model: string;
  readonly alias: string;
  readonly version: bigint;
  readonly digest: string;
  readonly outputs: readonly LoggedNumbers[];
}

/** One answered call: columns as long as `predictionIds`. */
export interface LoggedCall {
  readonly workspace: string;
  readonly model: string;
  readonly alias: string;
  readonly version: bigint;
  readonly digest: string;
  /** What the call asked about; the time of the call when it named none. */
  readonly time: Micros;
  readonly objective: string;
  readonly requestId: string;
  readonly stages: StageMicros;
  /** One or more. */
  readonly predictionIds: readonly string[];
  /** First value of each output that is a number. */
  readonly outputs: readonly LoggedNumbers[];
  readonly numberFeatures: readonly LoggedNumbers[];
  readonly textFeatures: readonly LoggedTexts[];
  readonly views: readonly LoggedView[];
  readonly units: readonly LoggedUnit[];
  /** Index into `units`; empty when there are none. */
  readonly unitOfRow: readonly number[];
  readonly shadows: readonly LoggedShadow[];
}

/** The rows `from` (included) to `to` (excluded) of a call, with the units that they have. */
export function sliceCall(call: LoggedCall, from: number, to: number): LoggedCall {
  const numbers = ({ name, values }: LoggedNumbers): LoggedNumbers => ({ name, values: values.subarray(from, to) });
  return {
    ...call,
    ...sliceUnits(call, from, to),
    predictionIds: call.predictionIds.slice(from, to),
    outputs: call.outputs.map(numbers),
    numberFeatures: call.numberFeatures.map(numbers),
    textFeatures: call.textFeatures.map(({ name, values }) => ({ name, values: values.slice(from, to) })),
    views: call.views.map(({ view, eventTimes, statuses }) => ({
      view,
      eventTimes: eventTimes.slice(from, to),
      statuses: statuses.slice(from, to),
    })),
    shadows: call.shadows.map((shadow) => ({ ...shadow, outputs: shadow.outputs.map(numbers) })),
  };
}

function sliceUnits(
  { units, unitOfRow }: LoggedCall,
  from: number,
  to: number,
): Pick<LoggedCall, 'units' | 'unitOfRow'> {
  const places = new Map<number, number>();
  const rows = unitOfRow.slice(from, to).map((unit) => {
    const place = places.get(unit) ?? places.size;
    places.set(unit, place);
    return place;
  });
  return { units: [...places.keys()].flatMap((unit) => units[unit] ?? []), unitOfRow: rows };
}
