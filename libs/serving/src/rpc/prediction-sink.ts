import { predictionLogged, toBusMessage } from '@slipway/contracts';
import type { IdSource, RecordedEvent } from '@slipway/kernel';
import type { BusMessage, EventBus } from '@slipway/plugin-kit';
import type { LoggedCall, LoggedRow, PredictionSink } from '../domain/prediction-log.ts';

export interface PredictionSinkOptions {
  readonly bus: Pick<EventBus, 'publish' | 'capabilities'>;
  /** Names this server in the events. */
  readonly serverName: string;
  readonly ids: IdSource;
}

/** Sends predictions as events, one for each workspace and model of a batch, without an outbox: telemetry may be lost. */
export function createPredictionSink({ bus, serverName, ids }: PredictionSinkOptions): PredictionSink {
  return {
    publish: async (calls, dropped, signal) => {
      const messages: BusMessage[] = [];
      let lost = 0;
      for (const group of groupsOf(calls)) {
        const rows = group.flatMap((call) => call.rows.map((row) => ({ call, row })));
        const place = { serverName, ids, dropped, bytesMax: bus.capabilities.messageBytesMax };
        lost += addMessages(rows, place, messages);
      }
      if (messages.length > 0) await bus.publish(messages, signal);
      return lost;
    },
  };
}

interface Logged {
  readonly call: LoggedCall;
  readonly row: LoggedRow;
}
interface Place {
  readonly serverName: string;
  readonly ids: IdSource;
  readonly dropped: number;
  readonly bytesMax: number;
}

function groupsOf(calls: readonly LoggedCall[]): Iterable<readonly LoggedCall[]> {
  const groups = Map.groupBy(calls, ({ workspace, model }) => `${workspace}/${model}`); // a slash is in neither
  return groups.values();
}

/** Halves what is larger than the bus takes. @returns rows of which one alone is too large. */
function addMessages(rows: readonly Logged[], place: Place, into: BusMessage[]): number {
  const first = rows[0]?.call;
  if (!first) return 0;
  const message = toBusMessage(toEvent(first, rows, place), 'serving');
  if (message.data.length <= place.bytesMax) {
    into.push(message);
    return 0;
  }
  if (rows.length === 1) return 1;
  const middle = rows.length >> 1;
  return addMessages(rows.slice(0, middle), place, into) + addMessages(rows.slice(middle), place, into);
}

function toEvent({ workspace, model, time }: LoggedCall, rows: readonly Logged[], place: Place): RecordedEvent {
  const { subject, type, schema } = predictionLogged;
  const data = predictionsJson(model, rows, place);
  return { id: place.ids.next(), subject, type, schema, workspace, time, key: model, data };
}

/** The payload in proto3 JSON, made directly: through the message it takes four times as long, and this is done for every prediction. */
export function predictionsJson(
  model: string,
  rows: readonly Logged[],
  { serverName, dropped }: Pick<Place, 'serverName' | 'dropped'>,
): Record<string, unknown> {
  return {
    predictions: rows.map(predictionJson),
    model,
    dropped: `${dropped}`,
    server: serverName,
  };
}

function predictionJson({ call, row }: Logged): Record<string, unknown> {
  return {
    prediction_id: row.predictionId,
    time_micros: `${call.time}`,
    objective: call.objective,
    assignment: call.assignment,
    experiment: '',
    arm: '',
    propensity: 0,
    unit_hash: row.unitHash,
    shadow_of: '0',
    alias: call.alias,
    version: `${call.version}`,
    digest: call.digest,
    outputs: Object.fromEntries(Object.entries(row.outputs).map(([name, value]) => [name, doubleJson(value)])),
    views: row.views.map(({ view, eventTime, status }) => ({ view, event_time_micros: `${eventTime}`, status })),
    latencies: { ...call.stages },
    request_id: call.requestId,
  };
}

const doubleJson = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
