import { FailedPreconditionError } from '@slipway/kernel';
import { expect, it } from 'vitest';
import { assertWindowSafe, redeliverySpanMs } from './delivery-window.ts';

const DELIVERY = { ackWaitMs: 1_000, deliveriesMax: 4, backoffMs: [10, 200], outageMs: 30_000 };

it('adds publishing and ack wait of each delivery, the waits between them and the longest outage', () => {
  expect(redeliverySpanMs(DELIVERY)).toBe(2 * 4 * 1_000 + 10 + 200 + 200 + 30_000);
  expect(redeliverySpanMs({ ...DELIVERY, deliveriesMax: 1 })).toBe(2_000 + 30_000);
});

it('refuses a window that is not longer than that, with the numbers', () => {
  expect(() => assertWindowSafe(38_411, DELIVERY)).not.toThrow();
  const refuse = (): void => assertWindowSafe(38_410, DELIVERY);
  expect(refuse).toThrow(FailedPreconditionError);
  expect(refuse).toThrow(expect.objectContaining({ reason: 'STREAM_WINDOW_UNSAFE', facts: expect.objectContaining({ neededMs: '38410', deduplicationWindowMs: '38410' }) as unknown })); // prettier-ignore
});
