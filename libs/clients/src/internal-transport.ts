import { createInvoker, internalCallers, type ProcessContext, type ServiceModule } from '@slipway/platform';
import type { ClientTransport } from './client.ts';
import { inProcessTransport } from './in-process-transport.ts';

/**
 * Calls between services of one process go through the same chain as calls from outside, without a socket and with a token that is valid here alone.
 * @param caller name of the calling service, its principal in audit and logs. @param modules which services it reaches.
 */
export function internalTransport(
  { random, clock, invokerDependencies }: Pick<ProcessContext, 'random' | 'clock' | 'invokerDependencies'>,
  caller: string,
  modules: readonly Pick<ServiceModule, 'services'>[],
  roles: readonly string[] = ['service'],
): ClientTransport {
  const { token, resolveCaller } = internalCallers(random, caller, roles);
  const invokers = modules
    .flatMap(({ services }) => services)
    .map((service) => createInvoker(service, { ...invokerDependencies, resolveCaller }));
  return inProcessTransport({ invokers, clock, token: () => token });
}
