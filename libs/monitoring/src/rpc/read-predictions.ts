import { InvalidArgumentError } from '@slipway/kernel';
import type { LoggedCall, LoggedNumbers, LoggedTexts, LoggedUnit } from '../domain/logged-call.ts';
import type { VersionRef } from '../domain/versions.ts';

/** An event as the monitor reads it: only what it keeps. */
export interface ReadPredictions {
  readonly calls: readonly LoggedCall[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the proto3 JSON of `slipway.serving.v1.PredictionsLogged` as it is, without a message in between: columns stay the arrays that the parser
 * made. Calls without an objective, and those of a time that no date has, are left out.
 * @throws {InvalidArgumentError} reason EVENT_INVALID, naming the field.
 */
export function readPredictions(data: unknown): ReadPredictions {
  const event = objectOf('data', data);
  const model = textOf('model', event['model']);
  const calls: LoggedCall[] = [];
  for (const item of listOf('calls', event['calls'])) {
    const call = objectOf('calls', item);
    const time = Number(call['time_micros'] ?? 0);
    const objective = textOf('calls.objective', call['objective']);
    if (objective === '' || !Number.isSafeInteger(time)) continue;
    calls.push(readCall(call, { time: BigInt(time), objective, model }));
  }
  return { calls };
}

type Head = Pick<LoggedCall, 'time' | 'objective'> & { readonly model: string };

function readCall(call: Json, { time, objective, model }: Head): LoggedCall {
  const ids = listOf('calls.prediction_ids', call['prediction_ids']);
  for (const id of ids) if (typeof id !== 'string') throw invalid('calls.prediction_ids', 'has what is no text');
  return {
    time,
    objective,
    served: versionOf(model, call),
    predictionIds: ids as readonly string[],
    outputs: columnsOf('calls.outputs', call['outputs']) as LoggedNumbers,
    numberFeatures: columnsOf('calls.number_features', call['number_features']) as LoggedNumbers,
    textFeatures: columnsOf('calls.text_features', call['text_features']) as LoggedTexts,
    units: listOf('calls.units', call['units']).map(unitOf),
    unitOfRow: listOf('calls.unit_of_row', call['unit_of_row']) as readonly number[],
    shadows: listOf('calls.shadows', call['shadows']).map((item) => {
      const shadow = objectOf('calls.shadows', item);
      const version = versionOf(textOf('calls.shadows.model', shadow['model']), shadow);
      return { version, outputs: columnsOf('calls.shadows.outputs', shadow['outputs']) as LoggedNumbers };
    }),
  };
}

function versionOf(model: string, from: Json): VersionRef {
  const version = Number(from['version'] ?? 0);
  if (!Number.isSafeInteger(version)) throw invalid('version', 'is no version');
  return { model, version, digest: textOf('digest', from['digest']) };
}

function unitOf(item: unknown): LoggedUnit {
  const unit = objectOf('calls.units', item);
  return {
    unitHash: textOf('calls.units.unit_hash', unit['unit_hash']),
    experiment: textOf('calls.units.experiment', unit['experiment']),
    arm: textOf('calls.units.arm', unit['arm']),
  };
}

/** A map of columns; numbers that JSON cannot say come as text, which typed arrays read as numbers. */
function columnsOf(field: string, value: unknown): Readonly<Record<string, { readonly values: readonly unknown[] }>> {
  if (value === undefined || value === null) return {};
  const columns: Record<string, { readonly values: readonly unknown[] }> = {};
  for (const [name, column] of Object.entries(objectOf(field, value))) {
    columns[name] = { values: listOf(field, objectOf(field, column)['values']) };
  }
  return columns;
}

function objectOf(field: string, value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw invalid(field, 'is no object');
}

/** What is missing has its default, as in every proto3 JSON. */
function listOf(field: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  throw invalid(field, 'is no list');
}

function textOf(field: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw invalid(field, 'is no text');
}

const invalid = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(`data.${field}`, description, { reason: 'EVENT_INVALID' });
