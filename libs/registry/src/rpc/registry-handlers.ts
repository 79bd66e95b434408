import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Handlers } from '@slipway/platform';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { aliasHandlers } from './alias-handlers.ts';
import { modelHandlers } from './model-handlers.ts';
import { promotionHandlers } from './promotion-handlers.ts';
import { versionHandlers } from './version-handlers.ts';

/** One plain function per method of `slipway.registry.v1.RegistryService`. */
export const registryHandlers = (deps: RegistryDependencies): Handlers<RegistryService> => ({
  ...modelHandlers(deps),
  ...versionHandlers(deps),
  ...promotionHandlers(deps),
  ...aliasHandlers(deps),
});
