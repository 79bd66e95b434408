import type { MethodDefinition } from '@grpc/proto-loader';
import { messageType, packageDefinition, protoRoot } from './schema.ts';

export type MethodKind = 'unary' | 'client-stream' | 'server-stream' | 'bidi';

/** Types of one method: `request` and `response` as a sender may write them, the outputs as a receiver gets them (all defaults filled). */
export interface MethodShape {
  kind: MethodKind;
  request: object;
  requestOutput: object;
  response: object;
  responseOutput: object;
}

/** One method of a loaded contract. */
export interface MethodDescriptor {
  /** As in the contract, e.g. `CreateRegisteredModel`. */
  readonly name: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: MethodKind;
  /** From the option `slipway.common.v1.permission`; undefined when the contract forgot it, which refuses to start. */
  readonly permission: string | undefined;
  /** Full names of the messages. */
  readonly requestType: string;
  readonly responseType: string;
  /** Wire codec of grpc-js. */
  readonly wire: MethodDefinition<object, object>;
}

/** A loaded service; `Shapes` is the generated interface with one `MethodShape` per method in camelCase. */
export interface ServiceDescriptor<Shapes> {
  /** Full name, e.g. `slipway.registry.v1.RegistryService`. */
  readonly typeName: string;
  readonly methods: { readonly [Method in keyof Shapes & string]: MethodDescriptor };
}

const PERMISSION = '(slipway.common.v1.permission)';

function kindOf(wire: MethodDefinition<object, object>): MethodKind {
  if (wire.requestStream) return wire.responseStream ? 'bidi' : 'client-stream';
  return wire.responseStream ? 'server-stream' : 'unary';
}

/** Reads a service from the loaded descriptors. @throws {Error} when they do not hold it. */
export function describeService<Shapes>(typeName: string): ServiceDescriptor<Shapes> {
  const definition = packageDefinition[typeName] as Record<string, MethodDefinition<object, object>> | undefined;
  if (!definition) throw new Error(`no service ${typeName} in the contracts`);
  const methods = protoRoot.lookupService(typeName).methodsArray.map((method): [string, MethodDescriptor] => {
    const wire = definition[method.name];
    if (!wire) throw new Error(`no method ${method.name} in ${typeName}`);
    const permission: unknown = method.options?.[PERMISSION];
    return [
      method.name.charAt(0).toLowerCase() + method.name.slice(1),
      {
        name: method.name,
        path: wire.path,
        kind: kindOf(wire),
        permission: typeof permission === 'string' && permission !== '' ? permission : undefined,
        requestType: messageType(method.resolvedRequestType?.fullName ?? method.requestType).fullName.slice(1),
        responseType: messageType(method.resolvedResponseType?.fullName ?? method.responseType).fullName.slice(1),
        wire,
      },
    ];
  });
  return { typeName, methods: Object.freeze(Object.fromEntries(methods)) as ServiceDescriptor<Shapes>['methods'] };
}
