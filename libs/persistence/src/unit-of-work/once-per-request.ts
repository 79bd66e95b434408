import { createHash } from 'node:crypto';
import { ExhaustedError, InvalidArgumentError } from '@slipway/kernel';
import type { Session } from '../database/open-database.ts';
import { decodeExact, encodeExact } from './exact-json.ts';
import type { Requests, UnitOfWorkContext } from './transaction.ts';

const REQUEST_ID_BYTES_MAX = 128;
const ANSWER_BYTES_MAX = 1024 * 1024;
/** Clients repeat within seconds; a day covers a queue that was down over night. */
export const REQUEST_RETENTION_MICROS = 24n * 3600n * 1_000_000n;

const VISIBLE = /^[\x21-\x7e]+$/;

/** Idempotent requests: the row is inserted first, so that a second call with the same id waits for the first one's commit. */
export function createRequests({ sql }: Session, context: UnitOfWorkContext, now: bigint): Requests {
  return {
    once: async <Answer>(
      method: string,
      requestId: string,
      request: unknown,
      work: () => Promise<Answer>,
    ): Promise<Answer> => {
      if (requestId === '') return work();
      if (!VISIBLE.test(requestId) || requestId.length > REQUEST_ID_BYTES_MAX) {
        throw InvalidArgumentError.of('request_id', `use 1 to ${REQUEST_ID_BYTES_MAX} visible ASCII characters`);
      }
      const key = [context.caller.workspace, context.caller.principal, method, requestId];
      const fingerprint = createHash('sha256').update(encodeExact(request)).digest('hex');
      await sql.run(
        'delete from slipway_request where workspace = ? and principal = ? and method = ? and request_id = ? and expires_at <= ?',
        [...key, now],
      );
      const inserted = await sql.run(
        `insert into slipway_request (workspace, principal, method, request_id, fingerprint, expires_at)
         values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
        [...key, fingerprint, now + REQUEST_RETENTION_MICROS],
      );
      if (inserted === 0) return (await readAnswer({ sql }, key, fingerprint)) as Answer;
      const answer = await work();
      const text = encodeExact(answer);
      if (Buffer.byteLength(text) > ANSWER_BYTES_MAX) {
        throw new ExhaustedError(`the answer of '${method}' is larger than ${ANSWER_BYTES_MAX} bytes`);
      }
      await sql.run(
        'update slipway_request set answer = ? where workspace = ? and principal = ? and method = ? and request_id = ?',
        [text, ...key],
      );
      return answer;
    },
  };
}

async function readAnswer(
  { sql }: Pick<Session, 'sql'>,
  key: readonly string[],
  fingerprint: string,
): Promise<unknown> {
  const [row] = await sql.all<{ fingerprint: string; answer: string | null }>(
    'select fingerprint, answer from slipway_request where workspace = ? and principal = ? and method = ? and request_id = ?',
    key,
  );
  if (row?.fingerprint !== fingerprint) {
    throw InvalidArgumentError.of('request_id', 'was used for another request; use a new one for each request', {
      reason: 'REQUEST_ID_REUSED',
    });
  }
  // Rows become visible with their answer, except to the transaction that is still making it.
  if (row.answer === null) throw new Error('requests.once was nested with the same method and request id');
  return decodeExact(row.answer);
}
