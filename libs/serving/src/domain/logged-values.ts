import type { Tensor } from '@slipway/plugin-kit';
import type { FeatureColumn, ViewRows } from './feature-source.ts';
import { halfToNumber } from './half-float.ts';
import type { LoggedViewRow } from './prediction-log.ts';

/** First value of each output for one row, where it is a number; outputs that are not laid out by rows are left out. */
export function loggedOutputs(outputs: readonly Tensor[], row: number, rows: number): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { name, datatype, shape, data } of outputs) {
    if (datatype === 'BYTES' || shape[0] !== rows || data.length === 0) continue;
    const value = Number(data[row * (data.length / rows)]);
    values[name] = datatype === 'FP16' ? halfToNumber(value) : value;
  }
  return values;
}

/** Which rows of the views one row of a call was answered from. */
export function loggedViews(
  views: readonly ViewRows[],
  features: readonly FeatureColumn[],
  row: number,
): LoggedViewRow[] {
  return views.map(({ view, eventTimes }) => {
    const eventTime = eventTimes[row] ?? 0n;
    const isOld = features.some(
      ({ name, statuses }) => statuses[row] === 'OUTSIDE_MAX_AGE' && name.startsWith(`${view}:`),
    );
    const status = isOld ? 'OUTSIDE_MAX_AGE' : eventTime === 0n ? 'NOT_FOUND' : 'PRESENT';
    return { view, eventTime, status };
  });
}
