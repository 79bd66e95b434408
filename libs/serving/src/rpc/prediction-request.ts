import type { Column__Output } from '@slipway/contracts/slipway.common.v1';
import type { PredictRequest__Output } from '@slipway/contracts/slipway.serving.v1';
import { parseInt64, type Micros } from '@slipway/kernel';
import type { ColumnData } from '@slipway/plugin-kit';
import type { PredictionRequest } from '../domain/predictor.ts';
import { fromColumn } from './columns.ts';

/** @throws {InvalidArgumentError} on a column that is none. */
export function readPredictionRequest(request: PredictRequest__Output, workspace: string): PredictionRequest {
  return {
    workspace,
    model: request.model,
    entities: readColumns(request.entities, 'entities'),
    requestFeatures: readColumns(request.request_features, 'request_features'),
    given: readColumns(request.features, 'features'),
    asOf: request.as_of ? toMicros(request.as_of) : undefined,
    outputs: request.outputs,
  };
}

function readColumns(columns: Readonly<Record<string, Column__Output>>, group: string): Map<string, ColumnData> {
  return new Map(Object.entries(columns).map(([name, column]) => [name, fromColumn(column, `${group}[${name}]`)]));
}

const toMicros = ({ seconds, nanos }: { readonly seconds: unknown; readonly nanos: number }): Micros =>
  parseInt64(String(seconds)) * 1_000_000n + BigInt(Math.floor(nanos / 1_000));
