import { readFileSync } from 'node:fs';
import type { DatabaseTarget } from '@slipway/persistence';
import { callBy, newModel } from '../../src/testing/registry-fixture.ts';
import { webhookFixture } from '../../src/testing/webhook-fixture.ts';
import { testWebhooks } from '../../src/testing/webhook-receiver.ts';

/** What the test asks of a process that is to die. */
export interface VictimOrder {
  readonly target: DatabaseTarget;
  /** Host of the receiver. */
  readonly host: string;
  /** Change something, and die between its commit and all that comes after. Else: send what waits, until killed. */
  readonly change: boolean;
}

const order = JSON.parse(readFileSync(0, 'utf8')) as VictimOrder;
const die = (step: string): void => {
  if (order.change && step === 'after-commit') process.kill(process.pid, 'SIGKILL');
};
const fixture = await webhookFixture(order.target, { webhooks: testWebhooks([order.host]), atStep: die, seed: 70 });
if (!order.change) await fixture.start();
else await newModel(fixture.deps, callBy('alice'), 'flights');
