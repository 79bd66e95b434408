import type { ServiceDescriptor } from '@slipway/contracts';
import { serverReflection, type ServerReflection } from '@slipway/contracts/grpc.reflection.v1';
import { registryService, type RegistryService } from '@slipway/contracts/slipway.registry.v1';
import {
  AlreadyExistsError,
  ConflictError,
  createIdSource,
  DataLossError,
  DeniedError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  seededRandom,
  silentLogger,
  systemClock,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
  type DomainError,
  type ErrorKind,
} from '@slipway/kernel';
import {
  implementService,
  type CallContext,
  type InvokerDependencies,
  type ServiceImplementation,
} from '@slipway/platform';

/** One method of each kind, and an unary one that is not repeated when it fails. */
export type ProbeService = Pick<
  RegistryService,
  'getRegisteredModel' | 'createRegisteredModel' | 'createModelVersion' | 'downloadModelVersion'
> &
  Pick<ServerReflection, 'serverReflectionInfo'>;

const { getRegisteredModel, createRegisteredModel, createModelVersion, downloadModelVersion } = registryService.methods;
export const probeService: ServiceDescriptor<ProbeService> = {
  typeName: 'slipway.probe',
  methods: {
    getRegisteredModel,
    createRegisteredModel,
    createModelVersion,
    downloadModelVersion,
    serverReflectionInfo: serverReflection.methods.serverReflectionInfo,
  },
};

const details = { reason: 'PROBED', facts: { thing: 'ä "x"' } };
/** What `getRegisteredModel` throws for `err.<kind>`. */
export const PROBE_ERRORS: Readonly<Record<ErrorKind, DomainError>> = {
  'invalid-argument': new InvalidArgumentError([{ field: 'a.b[2]', description: 'is wrong' }], details),
  'not-found': new NotFoundError('nothing\nthere ☃', details),
  'already-exists': new AlreadyExistsError('there', details),
  'failed-precondition': new FailedPreconditionError('not yet', details),
  conflict: new ConflictError('changed', details),
  exhausted: new ExhaustedError('full', details),
  unauthenticated: new UnauthenticatedError('who', details),
  denied: new DeniedError('no', details),
  unavailable: new UnavailableError('later', details),
  unsupported: new UnsupportedError('never', details),
  'data-loss': new DataLossError('lost', details),
};

/** What the handlers saw and did. */
export class ProbeState {
  calls = 0;
  failuresLeft = 0;
  chunksMade = 0;
  received = 0;
  aborted: string[] = [];
  ended: string[] = [];
  contexts: CallContext[] = [];
  /** Requests of unary calls as the handler got them. */
  requests: object[] = [];
}

function untilAborted(state: ProbeState, { signal }: CallContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      state.aborted.push((signal.reason as Error).name);
      reject(signal.reason as Error);
    });
  });
}

async function getModel(state: ProbeState, name: string, context: CallContext): Promise<object> {
  if (name.startsWith('err.')) throw PROBE_ERRORS[name.slice(4) as ErrorKind];
  if (name === 'bug') throw new TypeError('secret internals');
  if (name === 'badanswer') return { model: { last_version: 1.5 } };
  if (name === 'slow') return untilAborted(state, context);
  if (name === 'flaky' && state.failuresLeft-- > 0) throw new UnavailableError('flaky');
  context.setTrailer('slipway-probe', 'seen');
  return {
    model: {
      name,
      principal: context.caller.principal,
      description: context.caller.workspace,
      last_version: 2n ** 60n,
    },
  };
}

async function* download(state: ProbeState, model: string, context: CallContext): AsyncGenerator<{ chunk: Buffer }> {
  try {
    const count = model === 'endless' ? Number.POSITIVE_INFINITY : 5;
    for (let index = 0; index < count; index += 1) {
      if (model === 'broken' && index === 2) throw new DataLossError('digest', details);
      if (model === 'flaky' && state.failuresLeft-- > 0) throw new UnavailableError('flaky');
      if (model === 'slow' && index === 2) await untilAborted(state, context);
      state.chunksMade += 1;
      yield { chunk: Buffer.alloc(model === 'endless' ? 65_536 : 4, index) };
    }
  } finally {
    state.ended.push('download');
  }
}

export function probeImplementation(state: ProbeState): ServiceImplementation {
  const noted = (context: CallContext, request?: object): void => {
    state.calls += 1;
    state.contexts.push(context);
    if (request) state.requests.push(request);
  };
  return implementService(probeService, {
    getRegisteredModel: (request, context) => {
      noted(context, request);
      return getModel(state, request.name, context);
    },
    createRegisteredModel: (request, context) => {
      noted(context, request);
      return getModel(state, request.name, context);
    },
    createModelVersion: async (requests, context) => {
      noted(context);
      let bytes = 0;
      for await (const { chunk } of requests) {
        state.received += 1;
        bytes += chunk?.length ?? 0;
        if (chunk?.length === 3) throw new ExhaustedError('three bytes are too many');
        if (chunk?.length === 2) return { version: { version: '2' } };
      }
      return { version: { version: bytes } };
    },
    downloadModelVersion: (request, context) => {
      noted(context, request);
      return download(state, request.model, context);
    },
    serverReflectionInfo: async function* (questions, context) {
      noted(context);
      try {
        for await (const question of questions) {
          state.received += 1;
          yield { valid_host: question.host };
        }
      } finally {
        state.ended.push('bidi');
      }
    },
  });
}

/** Token `good` may do everything, `poor` nothing; the workspace is the one asked for. */
export function probeDependencies(overrides: Partial<InvokerDependencies> = {}): InvokerDependencies {
  return {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(1)),
    log: silentLogger,
    metrics: { started: () => undefined, finished: () => undefined },
    resolveCaller: async ({ authorization, workspace }) => {
      if (authorization !== 'Bearer good' && authorization !== 'Bearer poor')
        throw new UnauthenticatedError('no token');
      const permissions = new Set(authorization === 'Bearer good' ? ['*'] : []);
      return Promise.resolve({
        principal: 'ann',
        workspace: workspace ?? 'default',
        allWorkspaces: false,
        permissions,
      });
    },
    ...overrides,
  };
}
