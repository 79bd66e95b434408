import type { HttpRoute } from '@slipway/platform';
import { exampleMessage } from '../json/example-message.ts';
import type { Backend } from './backend.ts';

/** `GET /api`: what can be called, who may, and a body to begin with. */
export function catalogueRoute(backends: readonly Backend[]): HttpRoute {
  let catalogue: object | undefined;
  return {
    method: 'GET',
    path: '/api',
    permission: 'authenticated',
    handle: async () => ({ json: (catalogue ??= describe(backends)) }),
  };
}

function describe(backends: readonly Backend[]): object {
  const services = backends.map(({ name, services: contracts }) => ({
    name,
    services: contracts.map(({ typeName, methods }) => ({
      service: typeName,
      methods: Object.values(methods).map((method) => ({
        name: method.name,
        path: method.path,
        kind: method.kind,
        permission: method.permission,
        request: method.requestType,
        response: method.responseType,
        example: exampleMessage(method.requestType),
      })),
    })),
  }));
  return { services };
}
