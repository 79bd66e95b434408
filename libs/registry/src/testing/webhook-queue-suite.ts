import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabases } from '@slipway/persistence/testing';
import type { AttemptRecord } from '../domain/webhooks/attempt.ts';
import type { DeliveryQueue } from '../domain/webhooks/webhook-ports.ts';
import { createDeliveryQueue } from '../store/webhook-queue.ts';
import { ManualClock } from './manual-clock.ts';
import { callBy, newModel } from './registry-fixture.ts';
import { eventNamed, webhookFixture, type WebhookFixture } from './webhook-fixture.ts';
import { testWebhooks } from './webhook-receiver.ts';

const call = callBy('alice');
const LEASE_MS = 10_000;
const wanted = { limit: 10, perWebhook: 10, leaseMs: LEASE_MS, busy: [] };

/** Who may send what, and when. */
export function webhookQueueSuite(on: string, start: () => Promise<TestDatabases>): void {
  describe(`queue of deliveries on ${on}`, () => {
    let databases: TestDatabases;
    let clock: ManualClock;
    let fixture: WebhookFixture;
    let queue: DeliveryQueue;
    const webhooks = testWebhooks(['intranet']);
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      clock = new ManualClock();
      fixture = await webhookFixture(await databases.fresh(), { webhooks, clock });
      queue = createDeliveryQueue(fixture.unitOfWork, { ids: fixture.ids, call: callBy('courier') });
    });
    afterEach(() => fixture.stop());

    const create = async (): Promise<string> => {
      const events = [eventNamed('REGISTERED_MODEL.CREATED')];
      const draft = { name: 'ci', url: 'http://intranet/', events, secret: 'sealed' };
      return (await fixture.connect('alice').createWebhook(draft)).webhook?.id ?? '';
    };
    const done = (more: Partial<AttemptRecord> = {}): AttemptRecord => ({
      state: 'delivered',
      attempts: 1,
      responseStatus: 200,
      errorMessage: '',
      attemptTime: clock.now(),
      dueTime: clock.now(),
      ...more,
    });

    it('gives a delivery to one at a time, and to another when the lease ends', async () => {
      await create();
      await newModel(fixture.deps, call, 'flights');
      const claims = await Promise.all(Array.from({ length: 4 }, () => queue.claim(wanted)));
      const [first, ...more] = claims.flat();
      expect(more).toEqual([]);
      expect(first).toMatchObject({ url: 'http://intranet/', attempts: 0, workspace: 'default' });
      expect(first?.sealedSecret).toEqual(expect.stringMatching(/^v1\./));
      clock.advance(LEASE_MS - 1);
      expect(await queue.claim(wanted)).toEqual([]);
      clock.advance(2);
      const [second] = await queue.claim(wanted);
      expect(second).toMatchObject({ id: first?.id, body: first?.body });
      if (!first || !second) throw new Error('nothing was claimed');
      await queue.finish(first, done()); // too late: the other one has it
      clock.advance(LEASE_MS + 1);
      const [third] = await queue.claim(wanted);
      expect(third?.id).toBe(first.id);
      if (third) await queue.finish(third, done());
      clock.advance(LEASE_MS + 1);
      expect(await queue.claim(wanted)).toEqual([]);
    });

    it('gives back at once what is released, and later what failed', async () => {
      await create();
      await newModel(fixture.deps, call, 'flights');
      const [first] = await queue.claim(wanted);
      if (first) await queue.release(first);
      const [second] = await queue.claim(wanted);
      expect(second).toMatchObject({ id: first?.id, attempts: 0 });
      const later = { state: 'pending', responseStatus: 503, dueTime: clock.now() + 5_000_000n } as const;
      if (second) await queue.finish(second, done(later));
      expect(await queue.claim(wanted)).toEqual([]);
      clock.advance(5_001);
      expect(await queue.claim(wanted)).toMatchObject([{ id: first?.id, attempts: 1 }]);
    });

    it('does not let one webhook take all places', async () => {
      const [busy, other] = [await create(), await create()];
      for (let at = 0; at < 5; at++) await newModel(fixture.deps, call, `model-${at}`);
      const fair = await queue.claim({ ...wanted, perWebhook: 2 });
      expect(fair.map(({ webhookId }) => webhookId).sort()).toEqual([busy, busy, other, other].sort());
      const rest = await queue.claim({ ...wanted, busy: [busy] });
      expect(rest.map(({ webhookId }) => webhookId)).toEqual([other, other, other]);
      expect(await queue.claim({ ...wanted, limit: 2 })).toHaveLength(2);
    });

    it('forgets what is old', async () => {
      await create();
      await newModel(fixture.deps, call, 'old');
      clock.advance(1000);
      const between = clock.now();
      clock.advance(1000);
      await newModel(fixture.deps, call, 'new');
      expect(await queue.prune(between)).toBe(1);
      expect(await queue.prune(between)).toBe(0);
      const kept = await queue.claim(wanted);
      expect(kept.map(({ body }) => (JSON.parse(body) as { data: { name: string } }).data.name)).toEqual(['new']);
    });
  });
}
