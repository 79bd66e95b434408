import type { MonitorService, VersionName__Output } from '@slipway/contracts/slipway.monitoring.v1';
import { decodePageToken, encodePageToken } from '@slipway/persistence';
import { InvalidArgumentError } from '@slipway/kernel';
import type { Handlers } from '@slipway/platform';
import { dayText, parseDay, type Day } from '../domain/day.ts';
import { evaluateWindows, type EvaluationDependencies } from '../domain/use-cases/evaluate-windows.ts';
import { getCoverage, type CoverageDependencies } from '../domain/use-cases/get-coverage.ts';
import { getExperimentDays } from '../domain/use-cases/get-experiment-days.ts';
import { getReference } from '../domain/use-cases/get-reference.ts';
import { listWindows } from '../domain/use-cases/list-windows.ts';
import { getMonitor, listAlerts, listMonitors } from '../domain/use-cases/read-monitors.ts';
import { recordOutcomes } from '../domain/use-cases/record-outcomes.ts';
import { setMonitor } from '../domain/use-cases/set-monitor.ts';
import { callOf, microsOf, pageOf } from './from-proto.ts';
import { toAlertMessage, toExperimentDays, toMonitorMessage, toThresholds, toWindowMessage } from './to-proto.ts';

type Methods = Handlers<MonitorService>;

export type HandlerDependencies = EvaluationDependencies & CoverageDependencies;

/** All of `slipway.monitoring.v1.MonitorService`. */
export const monitorHandlers = (deps: HandlerDependencies): Methods => ({
  ...settingHandlers(deps),
  ...outcomeHandlers(deps),
  ...windowHandlers(deps),
});

const settingHandlers = (
  deps: EvaluationDependencies,
): Pick<Methods, 'setMonitor' | 'getMonitor' | 'listMonitors' | 'getReference'> => ({
  setMonitor: async (request, context) => {
    const settings = {
      objective: request.objective,
      output: request.output,
      labelDelaySeconds: Number(request.label_delay_seconds),
      coverageMin: request.coverage_min,
      rowsMin: Number(request.rows_min),
      falseAlarmDays: request.false_alarm_days,
      manual: request.manual,
      requestId: request.request_id,
    };
    return { monitor: toMonitorMessage(await setMonitor(callOf(context), settings, deps)) };
  },
  getMonitor: async ({ objective }, context) => ({
    monitor: toMonitorMessage(await getMonitor(callOf(context), objective, deps)),
  }),
  listMonitors: async (request, context) => {
    const { items, nextPageToken = '' } = await listMonitors(callOf(context), pageOf(request), deps);
    return { monitors: items.map(toMonitorMessage), next_page_token: nextPageToken };
  },
  getReference: async ({ model, version, objective }, context) => {
    const ask = { model, version: Number(version), objective };
    const { json, reference } = await getReference(callOf(context), ask, deps, context.signal);
    return { profile_json: json, thresholds: toThresholds(reference) };
  },
});

const outcomeHandlers = (deps: HandlerDependencies): Pick<Methods, 'recordOutcomes' | 'getCoverage'> => ({
  recordOutcomes: async (request, context) => {
    const outcomes = {
      objective: request.objective,
      predictionIds: request.prediction_ids,
      labels: request.labels,
      observed: request.observed_micros.map(Number),
      requestId: request.request_id,
    };
    return { recorded: `${await recordOutcomes(callOf(context), outcomes, deps)}` };
  },
  getCoverage: async ({ objective, from, until }, context) => {
    const [first, end] = [microsOf(from), microsOf(until)];
    const bounds = { ...(first !== undefined && { from: first }), ...(end !== undefined && { until: end }) };
    const coverage = await getCoverage(callOf(context), { objective, ...bounds }, deps, context.signal);
    return {
      predictions: `${coverage.predictions}`,
      labelled: `${coverage.labelled}`,
      unmatched_outcomes: `${coverage.unmatchedOutcomes}`,
    };
  },
});

const windowHandlers = (
  deps: EvaluationDependencies,
): Pick<Methods, 'evaluateWindows' | 'listWindows' | 'getExperimentDays' | 'listAlerts'> => ({
  evaluateWindows: async ({ objective, until }, context) => {
    const ask = { objective, until: microsOf(until) ?? 0n };
    const { windows, alerts } = await evaluateWindows(callOf(context), ask, deps, context.signal);
    return { windows: windows.map(toWindowMessage), alerts: alerts.map(toAlertMessage) };
  },
  listWindows: async (request, context) => {
    const { objective } = request;
    const { pageSize, pageToken } = pageOf(request);
    const filter = { objective, from: request.from, until: request.until };
    const query = { method: 'ListWindows', workspace: context.caller.workspace, filter, orderBy: 'day' };
    const after = decodePageToken(query, pageToken)?.[0];
    const ask = {
      objective,
      from: after === undefined ? optionalDay('from', request.from) : dayAfter(after),
      until: optionalDay('until', request.until),
      limit: pageSize + 1,
    };
    const found = await listWindows(callOf(context), ask, deps, context.signal);
    const windows = found.slice(0, pageSize);
    const last = found.length > pageSize ? windows.at(-1) : undefined;
    return {
      windows: windows.map(toWindowMessage),
      next_page_token: last ? encodePageToken(query, [dayText(last.day.day)]) : '',
    };
  },
  getExperimentDays: async ({ objective, experiment, until, paired, ...request }, context) => {
    const compared = request.versions.map(comparedOf);
    const reference = request.reference ? comparedOf(request.reference) : undefined;
    if (!paired && compared.length > 0) throw InvalidArgumentError.of('versions', 'are compared with `paired` only');
    const versions = paired ? compared : undefined;
    const ask = { objective, experiment, until: microsOf(until), versions, reference };
    const days = await getExperimentDays(callOf(context), ask, deps, context.signal);
    return { days: days.flatMap(toExperimentDays) };
  },
  listAlerts: async (request, context) => {
    const objective = request.objective === '' ? undefined : request.objective;
    const { items, nextPageToken = '' } = await listAlerts(callOf(context), objective, pageOf(request), deps);
    return { alerts: items.map(toAlertMessage), next_page_token: nextPageToken };
  },
});

const optionalDay = (field: string, text: string): Day | undefined => (text === '' ? undefined : parseDay(field, text));

/** @throws {InvalidArgumentError} on a token that was made by hand. */
function dayAfter(key: unknown): Day {
  if (typeof key === 'string') return parseDay('page_token', key) + 1;
  throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
    reason: 'PAGE_TOKEN_INVALID',
  });
}

const comparedOf = ({ model, version }: VersionName__Output) => ({ model, version: Number(version) });
