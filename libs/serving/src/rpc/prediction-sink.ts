import { predictionLogged, toBusMessage } from '@slipway/contracts';
import type { IdSource, RecordedEvent } from '@slipway/kernel';
import type { BusMessage, EventBus } from '@slipway/plugin-kit';
import { sliceCall, type LoggedCall } from '../domain/logged-call.ts';
import type { PredictionSink } from '../domain/prediction-log.ts';
import { predictionsJson } from './predictions-json.ts';

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
      const place = { serverName, ids, dropped, bytesMax: bus.capabilities.messageBytesMax };
      const messages: BusMessage[] = [];
      let lost = 0;
      for (const group of groupsOf(calls)) lost += addMessages(group, place, messages);
      if (messages.length > 0) await bus.publish(messages, signal);
      return lost;
    },
  };
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

/** Halves what is larger than the bus takes: calls first, then the rows of one. @returns rows of which one alone is too large. */
function addMessages(calls: readonly LoggedCall[], place: Place, into: BusMessage[]): number {
  const [first] = calls;
  if (!first) return 0;
  const message = toBusMessage(toEvent(first, calls, place), 'serving');
  if (message.data.length <= place.bytesMax) {
    into.push(message);
    return 0;
  }
  const halves = halve(first, calls);
  return halves ? halves.reduce((lost, half) => lost + addMessages(half, place, into), 0) : 1;
}

function halve(first: LoggedCall, calls: readonly LoggedCall[]): readonly (readonly LoggedCall[])[] | undefined {
  if (calls.length > 1) return [calls.slice(0, calls.length >> 1), calls.slice(calls.length >> 1)];
  const rows = first.predictionIds.length;
  const middle = rows >> 1;
  return rows > 1 ? [[sliceCall(first, 0, middle)], [sliceCall(first, middle, rows)]] : undefined;
}

function toEvent(first: LoggedCall, calls: readonly LoggedCall[], place: Place): RecordedEvent {
  const { workspace, model, time } = first;
  const { subject, type, schema } = predictionLogged;
  const data = predictionsJson(model, calls, place);
  return { id: place.ids.next(), subject, type, schema, workspace, time, key: model, data };
}
