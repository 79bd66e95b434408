import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DatabaseTarget } from '@slipway/persistence';
import type { TestDatabases } from '@slipway/persistence/testing';
import { EVERY_EVENT, eventNamed, signatureFor, webhookFixture, type WebhookFixture } from '../../src/testing/webhook-fixture.ts'; // prettier-ignore
import { startReceiver, testWebhooks, type WebhookReceiver } from '../../src/testing/webhook-receiver.ts';
import type { VictimOrder } from './victim-main.ts';

const SECRET = 'kept over a crash';
/** A process starts and dies, and a lease of 7 s ends. */
const WITHIN_MS = 40_000;

export function webhookKillSuite(on: string, start: () => Promise<TestDatabases>): void {
  describe(`webhooks of killed processes on ${on}`, () => {
    let databases: TestDatabases;
    let target: DatabaseTarget;
    let receiver: WebhookReceiver;
    let fixture: WebhookFixture;
    const victims: ChildProcess[] = [];
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      receiver = await startReceiver();
      target = await databases.fresh();
      fixture = await webhookFixture(target, { webhooks: testWebhooks([receiver.host]) });
      const events = EVERY_EVENT.map(eventNamed);
      await fixture.connect('alice').createWebhook({ name: 'ci', url: receiver.url, events, secret: SECRET });
    });
    afterEach(async () => {
      for (const victim of victims.splice(0)) victim.kill('SIGKILL');
      await fixture.stop();
      await receiver.stop();
    });

    const run = (change: boolean): ChildProcess => {
      const order: VictimOrder = { target, host: receiver.host, change };
      const program = join(import.meta.dirname, 'victim-main.ts');
      const victim = spawn(process.execPath, [program], { stdio: ['pipe', 'inherit', 'inherit'] });
      victims.push(victim);
      victim.stdin?.end(JSON.stringify(order));
      return victim;
    };

    it(
      'are told what was committed, with a signature, also when nobody lived to send it or to note the answer',
      async () => {
        const changing = run(true);
        const [, signal] = (await once(changing, 'exit')) as [number | null, string | null];
        expect(signal).toBe('SIGKILL');
        expect(receiver.received).toEqual([]);
        receiver.answerWith(() => undefined); // leaves the sender waiting
        const sending = run(false);
        await receiver.until(1);
        sending.kill('SIGKILL');
        await once(sending, 'exit');
        receiver.answerWith(undefined);
        await fixture.start();
        await receiver.until(2);
        const [first, second] = receiver.received;
        expect(second?.body).toBe(first?.body);
        expect(JSON.parse(second?.body ?? '{}')).toMatchObject({
          entity: 'registered_model',
          data: { name: 'flights' },
        });
        expect(second?.headers['x-mlflow-delivery-id']).toBe(first?.headers['x-mlflow-delivery-id']);
        for (const one of receiver.received) expect(one.headers['x-mlflow-signature']).toBe(signatureFor(SECRET, one));
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(receiver.received).toHaveLength(2);
      },
      WITHIN_MS,
    );
  });
}
