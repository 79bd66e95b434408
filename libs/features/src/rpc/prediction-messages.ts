import type { ColumnType as ColumnTypeMessage } from '@slipway/contracts/slipway.common.v1';
import type {
  GetPredictionsResponse,
  LoadPredictionsRequest__Output,
  PredictionTable as PredictionTableMessage,
} from '@slipway/contracts/slipway.features.v1';
import { InvalidArgumentError } from '@slipway/kernel';
import type { ColumnType } from '@slipway/plugin-kit';
import type { PredictionLoad, PredictionTable } from '../domain/predictions/prediction-table.ts';
import type { PredictionsAnswer } from '../domain/predictions/read-predictions.ts';
import { toColumn, toTimestamp } from './to-proto.ts';

const TYPES: Partial<Record<ColumnTypeMessage, ColumnType>> = {
  COLUMN_TYPE_STRING: 'string',
  COLUMN_TYPE_INTEGER: 'integer',
  COLUMN_TYPE_NUMBER: 'number',
  COLUMN_TYPE_BOOLEAN: 'boolean',
  COLUMN_TYPE_TIMESTAMP: 'timestamp',
};

/** @throws {InvalidArgumentError} on a key without a type. */
export const toPredictionLoad = (request: LoadPredictionsRequest__Output): PredictionLoad => ({
  table: request.table,
  manifestUri: request.manifest_uri,
  files: request.files.map(({ uri, bytes, sha256, rows }) => ({
    uri,
    bytes: Number(bytes),
    sha256,
    rows: Number(rows),
  })),
  keys: request.keys.map(({ name, type }, index) => {
    const known = TYPES[type];
    if (known !== undefined) return { name, type: known };
    throw InvalidArgumentError.of(`keys[${index}].type`, 'say the type of the key', { reason: 'PREDICTIONS_INVALID' });
  }),
  outputs: request.outputs,
  timeColumn: request.time_column,
  fallback: request.fallback,
});

export const toPredictionTableMessage = (table: PredictionTable): PredictionTableMessage => ({
  name: table.name,
  keys: table.keys.map(toColumn),
  outputs: [...table.outputs],
  version: table.version.toString(),
  manifest_uri: table.manifestUri,
  rows: table.rows.toString(),
  fallback: { ...table.fallback },
  update_time: toTimestamp(table.updateTime),
});

export const toPredictionsMessage = (answer: PredictionsAnswer): GetPredictionsResponse => ({
  outputs: Object.fromEntries(
    [...answer.outputs].map(([name, { values, nulls }]) => [
      name,
      { nulls: [...nulls], numbers: { values: [...values] } },
    ]),
  ),
  statuses: [...answer.statuses],
  age_micros: [...answer.ages],
  version: answer.version.toString(),
});
