import type { Tensor } from '@slipway/plugin-kit';
import type { FeatureColumn, ViewRows } from './feature-source.ts';
import { halfToNumber } from './half-float.ts';
import type { LoggedCall, LoggedNumbers, LoggedTexts, LoggedView, LoggedViewStatus } from './logged-call.ts';

/** First value of each output by row, where it is a number; outputs that are not laid out by rows are left out. */
export function loggedOutputs(outputs: readonly Tensor[], rows: number): LoggedNumbers[] {
  return outputs.flatMap(({ name, datatype, shape, data }) => {
    if (datatype === 'BYTES' || shape[0] !== rows || data.length === 0) return [];
    const width = data.length / rows;
    const values = new Float64Array(rows);
    for (let row = 0; row < rows; row += 1) values[row] = Number(data[row * width]);
    return [{ name, values: datatype === 'FP16' ? values.map(halfToNumber) : values }];
  });
}

/** Features as the model was given them, each once: numbers, booleans and times as numbers. */
export function loggedFeatures(
  features: readonly FeatureColumn[],
): Pick<LoggedCall, 'numberFeatures' | 'textFeatures'> {
  const numberFeatures: LoggedNumbers[] = [];
  const textFeatures: LoggedTexts[] = [];
  for (const { name, data, statuses } of new Map(features.map((feature) => [feature.name, feature])).values()) {
    if (data.type === 'string') {
      const values = data.values.map((text, row) => (statuses[row] === 'PRESENT' ? text : ''));
      textFeatures.push({ name, values });
      continue;
    }
    const values = new Float64Array(statuses.length);
    for (const [row, status] of statuses.entries()) {
      values[row] = status === 'PRESENT' ? Number(data.values[row]) : Number.NaN;
    }
    numberFeatures.push({ name, values });
  }
  return { numberFeatures, textFeatures };
}

/** Which rows of the views the rows of a call were answered from. */
export function loggedViews(views: readonly ViewRows[], features: readonly FeatureColumn[]): LoggedView[] {
  return views.map(({ view, eventTimes }) => {
    const own = features.filter(({ name }) => name.startsWith(`${view}:`));
    const statuses = eventTimes.map((eventTime, row): LoggedViewStatus => {
      if (own.some((feature) => feature.statuses[row] === 'OUTSIDE_MAX_AGE')) return 'OUTSIDE_MAX_AGE';
      return eventTime === 0n ? 'NOT_FOUND' : 'PRESENT';
    });
    return { view, eventTimes, statuses };
  });
}
