import { gRPCInferenceService, type GRPCInferenceService, type ModelInferResponse } from '@slipway/contracts/inference';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import {
  createCallerResolver,
  createMetricsRegistry,
  createRpcMetrics,
  implementService,
  noneAuthenticator,
  ROLES,
  type Handlers,
  type InvokerDependencies,
  type ServiceImplementation,
} from '@slipway/platform';

const ids = createIdSource(systemClock, systemRandom);

/** What every call passes on its way to a handler, as in our processes: authentication, permission, rules, metrics. */
export function chainDependencies(): InvokerDependencies {
  const authenticator = noneAuthenticator.create(undefined, {
    clock: systemClock,
    ids,
    log: silentLogger,
    dataDirectory: '.',
  });
  return {
    clock: systemClock,
    ids,
    log: silentLogger,
    metrics: createRpcMetrics(createMetricsRegistry(false)),
    resolveCaller: createCallerResolver(authenticator, ROLES, silentLogger),
  };
}

/** ModelInfer that answers one fixed score; the other methods are not called. */
export function echoService(): ServiceImplementation {
  const score = Buffer.alloc(4, 1);
  const modelInfer = async ({ model_name, id }: { model_name: string; id: string }): Promise<ModelInferResponse> => ({
    model_name,
    model_version: '1',
    id,
    outputs: [{ name: 'score', datatype: 'FP32', shape: [1, 1] }],
    raw_output_contents: [score],
  });
  const handlers: Handlers<GRPCInferenceService> = {
    serverLive: async () => ({ live: true }),
    serverReady: async () => ({ ready: true }),
    serverMetadata: async () => ({ name: 'echo', version: '1' }),
    modelReady: async () => ({ ready: true }),
    modelMetadata: async ({ name }) => ({ name }),
    modelInfer,
  };
  return implementService(gRPCInferenceService, handlers);
}
