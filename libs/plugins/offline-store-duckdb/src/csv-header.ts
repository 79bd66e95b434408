import { open } from 'node:fs/promises';
import { InvalidArgumentError } from '@slipway/plugin-kit';

const HEADER_BYTES_MAX = 1024 * 1024;

export interface CsvHeader {
  readonly names: readonly string[];
  /** What ends the first record, and so every other. */
  readonly lineBreak: '\n' | '\r\n' | '\r';
}

/**
 * Names of the columns of a CSV file (RFC 4180, commas), exactly as its first record writes them. DuckDB would rename what it finds twice,
 * and takes a line break within quotes for the one that ends records.
 * @throws {InvalidArgumentError} for a file that cannot be read, is empty, has a header of more than 1 MiB or a broken one.
 */
export async function readCsvHeader(file: string): Promise<CsvHeader> {
  const head = await readHead(file);
  const header = parseRecord(head.replace(/^\uFEFF/, ''));
  if (!header) throw broken(file, 'its first record is longer than 1 MiB or has a quote that is not closed');
  if (header.names.length === 1 && header.names[0] === '') throw broken(file, 'it has no header');
  return header;
}

async function readHead(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(HEADER_BYTES_MAX);
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, bytes, buffer.length - bytes, bytes);
        bytes += bytesRead;
        if (bytesRead === 0 || bytes === buffer.length) break;
      }
      return buffer.toString('utf8', 0, bytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw broken(file, (error as NodeJS.ErrnoException).code ?? 'unknown error', error);
  }
}

/** Fields of the first record; undefined when it does not end within the text. A text that ends without a line break ends its record. */
function parseRecord(head: string): CsvHeader | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (head[at] === '"') {
      for (;;) {
        const end = head.indexOf('"', at + 1);
        if (end < 0) return undefined;
        field += head.slice(at + 1, end);
        at = end + 1;
        if (head[at] !== '"') break;
        field += '"';
      }
    } else {
      const start = at;
      while (at < head.length && !',\r\n'.includes(head[at] ?? ',')) at += 1;
      field = head.slice(start, at);
    }
    fields.push(field);
    if (head[at] !== ',')
      return at >= HEADER_BYTES_MAX ? undefined : { names: fields, lineBreak: lineBreakAt(head, at) };
    at += 1;
  }
}

function lineBreakAt(head: string, at: number): CsvHeader['lineBreak'] {
  if (head[at] !== '\r') return '\n';
  return head[at + 1] === '\n' ? '\r\n' : '\r';
}

const broken = (file: string, why: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of('file', `'${file}' cannot be read: ${why}`, { cause });
