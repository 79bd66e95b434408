import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@slipway/kernel';
import type { Journal } from './journal.ts';

const GIVE_UP_MS = 90_000;
const RETRY_MS = 100;

/**
 * Makes a call until it is answered: after a broken connection nobody knows whether it took place, so it is made again with the same
 * request id. @returns undefined when it was refused, which is noted in the journal. @throws {Error} after 90 s without an answer.
 */
export async function untilAnswered<Answer>(
  call: () => Promise<Answer>,
  journal: Journal,
): Promise<Answer | undefined> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      const answer = await call();
      journal.answered({ answer, repeat: call });
      return answer;
    } catch (error) {
      const isOpen = error instanceof DomainError && (error.kind === 'unavailable' || error.kind === 'conflict');
      if (!isOpen) journal.unexpected.push(String(error));
      if (!isOpen && error instanceof DomainError) return undefined;
      if (error instanceof DomainError && error.reason === 'TRANSPORT_CLOSED') throw error;
      if (performance.now() > giveUpAt) throw new Error(`no answer within ${GIVE_UP_MS} ms`, { cause: error });
      journal.counts.retried += 1;
      await delay(RETRY_MS);
    }
  }
}
