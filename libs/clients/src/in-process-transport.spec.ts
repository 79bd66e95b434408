import { systemClock } from '@slipway/kernel';
import { createInvoker } from '@slipway/platform';
import { inProcessTransport } from './in-process-transport.ts';
import { transportSuite } from './testing/transport-suite.ts';

transportSuite('in process', (implementation, dependencies) => {
  const invokers = [createInvoker(implementation, dependencies)];
  return Promise.resolve({
    connect: (token) => inProcessTransport({ invokers, clock: systemClock, token: () => token }),
    close: () => Promise.resolve(),
  });
});
