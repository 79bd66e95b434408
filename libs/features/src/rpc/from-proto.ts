import { InvalidArgumentError } from '@slipway/kernel';
import type { Column__Output } from '@slipway/contracts/slipway.common.v1';
import type {
  CreateTrainingSetRequest__Output,
  FileFormat__Output,
  IngestRowsRequest__Output,
} from '@slipway/contracts/slipway.features.v1';
import type { CallContext } from '@slipway/platform';
import type { KeyColumn } from '../domain/online/online-request.ts';
import type { PageRequest } from '../domain/paging.ts';
import type { Call } from '../domain/unit-of-work.ts';
import type { UploadPart } from '../domain/upload/upload-reader.ts';
import type { IngestHeader } from '../domain/use-cases/ingest-rows.ts';
import type { TrainingSetHeader } from '../domain/use-cases/plan-training-set.ts';

const PAGE_SIZE_DEFAULT = 100;

export const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
export const pageOf = (request: { page_size: number; page_token: string }): PageRequest => ({
  pageSize: request.page_size === 0 ? PAGE_SIZE_DEFAULT : request.page_size,
  pageToken: request.page_token,
});

const FORMATS: Partial<Record<FileFormat__Output, 'parquet' | 'csv'>> = {
  FILE_FORMAT_PARQUET: 'parquet',
  FILE_FORMAT_CSV: 'csv',
};

/** @throws {InvalidArgumentError} on a format that there is not. */
function formatOf(format: FileFormat__Output): 'parquet' | 'csv' {
  const known = FORMATS[format];
  if (known === undefined) throw InvalidArgumentError.of('header.format', 'use FILE_FORMAT_PARQUET or FILE_FORMAT_CSV');
  return known;
}

/** The parts of an upload as the domain reads them; leaving the iteration ends the call's. */
export async function* ingestParts(
  requests: AsyncIterable<IngestRowsRequest__Output>,
): AsyncGenerator<UploadPart<IngestHeader>, void, undefined> {
  for await (const { part, header, chunk } of requests) {
    if (part === 'header' && header) {
      const { source, sha256, description, request_id: requestId } = header;
      const format = formatOf(header.format);
      yield { kind: 'header', header: { source, format, sha256, description, requestId } };
    } else yield chunkOf(part, chunk);
  }
}

export async function* trainingSetParts(
  requests: AsyncIterable<CreateTrainingSetRequest__Output>,
): AsyncGenerator<UploadPart<TrainingSetHeader>, void, undefined> {
  for await (const { part, header, chunk } of requests) {
    if (part === 'header' && header) {
      yield {
        kind: 'header',
        header: {
          name: header.name,
          features: header.features,
          featureService: header.feature_service,
          format: formatOf(header.format),
          eventTimeColumn: header.event_time_column,
          keyColumns: header.key_columns,
          fullFeatureNames: header.full_feature_names,
          ignoreCreatedTime: header.ignore_created_time,
          requestId: header.request_id,
        },
      };
    } else yield chunkOf(part, chunk);
  }
}

const chunkOf = (part: string | undefined, chunk: Buffer | undefined): UploadPart<never> =>
  part === 'chunk' && chunk ? { kind: 'chunk', bytes: chunk } : { kind: 'nothing' };

/** Columns by name. @throws {InvalidArgumentError} on one without values or with nulls of another length. */
export function columnsOf(
  columns: Readonly<Record<string, Column__Output>>,
  field: string,
  reason: string,
): ReadonlyMap<string, KeyColumn> {
  return new Map(Object.entries(columns).map(([name, column]) => [name, columnOf(`${field}.${name}`, column, reason)]));
}

function columnOf(field: string, column: Column__Output, reason: string): KeyColumn {
  const found = typedValues(column);
  if (!found) throw InvalidArgumentError.of(field, 'has no values', { reason });
  const { nulls } = column;
  if (nulls.length === 0) return found;
  if (nulls.length !== found.values.length) {
    const text = `has ${nulls.length} nulls for ${found.values.length} values; leave nulls out or give one for each value`;
    throw InvalidArgumentError.of(`${field}.nulls`, text, { reason });
  }
  return { type: found.type, values: found.values.map((value, row) => (nulls[row] ? null : value)) };
}

function typedValues(column: Column__Output): KeyColumn | undefined {
  switch (column.values) {
    case 'strings':
      return { type: 'string', values: column.strings?.values ?? [] };
    case 'integers':
      return { type: 'integer', values: (column.integers?.values ?? []).map(BigInt) };
    case 'timestamps':
      return { type: 'timestamp', values: (column.timestamps?.values ?? []).map(BigInt) };
    case 'numbers':
      return { type: 'number', values: column.numbers?.values ?? [] };
    case 'booleans':
      return { type: 'boolean', values: column.booleans?.values ?? [] };
    default:
      return undefined;
  }
}

/** Microseconds; what is below one is cut. */
export const microsOf = ({ seconds, nanos }: { readonly seconds: string; readonly nanos: number }): bigint =>
  BigInt(seconds) * 1_000_000n + BigInt(Math.floor(nanos / 1000));
