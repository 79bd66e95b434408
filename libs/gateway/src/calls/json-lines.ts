import { InvalidArgumentError } from '@slipway/kernel';
import { readMessage } from '../json/read-message.ts';
import { parseJson } from './parse-json.ts';

const NEWLINE = 0x0a;

/**
 * Messages of a client stream, one JSON object a line; blank lines count for nothing.
 * @param lineBytesMax bounds what is kept of a line that does not end. @throws {InvalidArgumentError} naming the line.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  type: string,
  lineBytesMax: number,
): AsyncGenerator<object, void, undefined> {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let line = 0;
  const take = (last: Buffer): Buffer => {
    const whole = kept.length === 0 ? last : Buffer.concat([...kept, last]);
    [kept, keptBytes, line] = [[], 0, line + 1];
    return whole;
  };
  const read = (bytes: Buffer): object | undefined => {
    if (bytes.toString('latin1').trim() === '') return undefined;
    return inLine(line, () => readMessage(type, parseJson(bytes)));
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      if (keptBytes + end - from > lineBytesMax) throw tooLong(line + 1, lineBytesMax);
      const message = read(take(chunk.subarray(from, end)));
      from = end + 1;
      if (message) yield message;
    }
    keptBytes += chunk.length - from;
    if (keptBytes > lineBytesMax) throw tooLong(line + 1, lineBytesMax);
    if (from < chunk.length) kept.push(chunk.subarray(from));
  }
  const message = read(take(Buffer.alloc(0)));
  if (message) yield message;
}

const tooLong = (line: number, bytesMax: number): InvalidArgumentError =>
  InvalidArgumentError.of(`line ${line}`, `is longer than ${bytesMax} bytes`);

function inLine<Result>(line: number, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const violations = error.violations.map(({ field, description }) => ({
      field: `line ${line}: ${field}`,
      description,
    }));
    throw new InvalidArgumentError(violations, { reason: error.reason });
  }
}
