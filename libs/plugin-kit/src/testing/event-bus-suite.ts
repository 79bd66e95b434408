import { afterEach, beforeEach, describe } from 'vitest';
import type { EventBus } from '../index.ts';
import type { EventBusStorage, SuiteContext } from './event-bus-probe.ts';
import { deliveryContract } from './event-bus-suite-delivery.ts';
import { orderContract } from './event-bus-suite-order.ts';
import { publishContract } from './event-bus-suite-publish.ts';

export { type EventBusStorage } from './event-bus-probe.ts';

/**
 * The contract of the event bus. `make` gives an empty storage that accepts subjects below `slipway.v1.` and messages of 64 KiB at least.
 * Runs against the clock of the machine; a run takes some seconds.
 */
export function eventBusSuite(name: string, make: () => Promise<EventBusStorage>): void {
  describe(`event bus contract: ${name}`, () => {
    let storage: EventBusStorage;
    let bus: EventBus;
    const context: SuiteContext = {
      get bus() {
        return bus;
      },
      reopen: async () => {
        await bus.close();
        bus = await storage.open();
        return bus;
      },
    };
    beforeEach(async () => {
      storage = await make();
      bus = await storage.open();
    });
    afterEach(async () => {
      await bus.close();
      await storage.remove();
    });
    publishContract(context);
    deliveryContract(context);
    orderContract(context);
  });
}
