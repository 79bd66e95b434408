import { silentLogger, type Caller } from '@slipway/kernel';
import type { CallContext } from '@slipway/platform';

/** What the platform hands to a handler. */
export const callContext = (caller: Caller, signal: AbortSignal = AbortSignal.timeout(30_000)): CallContext => ({
  caller,
  requestId: `call-of-${caller.principal}`,
  method: '/slipway.registry.v1.RegistryService/Test',
  signal,
  log: silentLogger,
  header: () => undefined,
  setTrailer: () => undefined,
});
