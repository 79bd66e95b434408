import { DomainError, ExhaustedError, InvalidArgumentError } from '@slipway/plugin-kit';

// DuckDB's client gives errors as text only; what is stable is the class that each starts with.
const EXHAUSTED = /^(Out of Memory Error|IO Error: .*No space left)/s;
const CONTENT =
  /^(IO|Invalid Input|Conversion|Out of Range|Serialization|Invalid|Not implemented|TProtocolException)[^:]*:/i;

/**
 * From an error of DuckDB to ours.
 * @param files what the query reads, to be named in the error, with the job's field for them; undefined when only files of ours are read.
 */
export function fromDuckdb(error: unknown, files: { field: string; paths: readonly string[] } | undefined): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  if (EXHAUSTED.test(error.message)) {
    return new ExhaustedError(`the offline store has no room for this: ${firstLine(error)}`, {
      reason: 'OFFLINE_STORE_EXHAUSTED',
      cause: error,
    });
  }
  if (files && CONTENT.test(error.message)) {
    const named = files.paths.length === 1 ? `'${files.paths[0]}'` : `one of ${files.paths.length} files`;
    return InvalidArgumentError.of(files.field, `${named} cannot be read: ${firstLine(error)}`, { cause: error });
  }
  return error;
}

const firstLine = (error: Error): string => (error.message.split('\n')[0] ?? '').slice(0, 500);
