import type {
  LoggedCall,
  LoggedNumbers,
  LoggedShadow,
  LoggedTexts,
  LoggedUnit,
  LoggedView,
} from '../domain/logged-call.ts';

/** The payload in proto3 JSON, made directly: through the message it takes several times as long, and this is done for every prediction. */
export function predictionsJson(
  model: string,
  calls: readonly LoggedCall[],
  { serverName, dropped }: { readonly serverName: string; readonly dropped: number },
): Record<string, unknown> {
  return { calls: calls.map(callJson), model, dropped: `${dropped}`, server: serverName };
}

function callJson(call: LoggedCall): Record<string, unknown> {
  return {
    prediction_ids: call.predictionIds,
    views: call.views.map(viewJson),
    units: call.units.map(unitJson),
    unit_of_row: call.unitOfRow,
    shadows: call.shadows.map(shadowJson),
    outputs: numbersJson(call.outputs),
    number_features: numbersJson(call.numberFeatures),
    text_features: textsJson(call.textFeatures),
    time_micros: `${call.time}`,
    objective: call.objective,
    alias: call.alias,
    version: `${call.version}`,
    digest: call.digest,
    request_id: call.requestId,
    latencies: { ...call.stages },
  };
}

const viewJson = ({ view, eventTimes, statuses }: LoggedView) => ({
  event_time_micros: timesJson(eventTimes),
  statuses,
  view,
});

/** Rows of a call often share their row of a view, and a bigint is dear to print. */
function timesJson(times: readonly bigint[]): string[] {
  let [last, text] = [0n, '0'];
  return times.map((time) => {
    if (time !== last) [last, text] = [time, `${time}`];
    return text;
  });
}

const unitJson = ({ unitHash, assignmentId, experiment, arm, propensity }: LoggedUnit) => ({
  unit_hash: unitHash,
  assignment_id: assignmentId,
  experiment,
  arm,
  propensity,
});

const shadowJson = ({ model, alias, version, digest, outputs }: LoggedShadow) => ({
  outputs: numbersJson(outputs),
  model,
  alias,
  version: `${version}`,
  digest,
});

const numbersJson = (columns: readonly LoggedNumbers[]) =>
  Object.fromEntries(columns.map(({ name, values }) => [name, { values: doublesJson(values) }]));

const textsJson = (columns: readonly LoggedTexts[]) =>
  Object.fromEntries(columns.map(({ name, values }) => [name, { values }]));

/** What is not finite is a word in proto3 JSON. */
function doublesJson(values: Float64Array): (number | string)[] {
  const json: (number | string)[] = [];
  for (const value of values) json.push(Number.isFinite(value) ? value : String(value));
  return json;
}
