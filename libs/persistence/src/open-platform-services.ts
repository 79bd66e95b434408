import type { ListenerName, ProcessContext, ServiceImplementation, ServiceModule } from '@slipway/platform';
import { OperationRunner } from './operations/operation-runner.ts';
import type { ServiceStore } from './service-store.ts';
import { createPlatformServices } from './services/create-platform-services.ts';

/**
 * The audit log and the long work of every service of this process, as one more module of it.
 * @param listener where they are reached: that of the services themselves.
 */
export function openPlatformServices(
  { clock, ids, log }: Pick<ProcessContext, 'clock' | 'ids' | 'log'>,
  stores: readonly ServiceStore[],
  listener: ListenerName = 'grpc',
): ServiceModule {
  const parts = stores.map(({ service, database, unitOfWork, operations }) => {
    const common = { database, unitOfWork, clock, ids, log: log.child({ module: service }) };
    return [service, { database, operations: operations ?? new OperationRunner(common) }] as const;
  });
  const isHealthy = (): boolean => stores.every((store) => store.isHealthy());
  return {
    name: 'platform',
    listener,
    services: createPlatformServices(new Map(parts)),
    components: parts.map(([, { operations }]) => operations),
    isReady: () => (isHealthy() ? { ready: true } : { ready: false, reason: 'a database does not answer' }),
  };
}

/**
 * Long work of one service, for those of the same process that wait for it. `openPlatformServices` starts and stops it, and offers it to callers
 * from outside.
 * @param store one with a runner of its own.
 */
export function operationsOf({ service, database, operations }: ServiceStore): readonly ServiceImplementation[] {
  if (!operations) throw new Error(`${service} has no long work`);
  return createPlatformServices(new Map([[service, { database, operations }]]));
}
