import { MLFLOW_VERSION } from '../mlflow/server-routes.ts';
import type { HttpRoute } from '@slipway/platform';
import type { Backend } from '../calls/backend.ts';

/** `GET /api/status`: whether each service can do its work now, and where it is. */
export function statusRoute(backends: readonly Backend[], version: string): HttpRoute {
  return {
    method: 'GET',
    path: '/api/status',
    permission: 'authenticated',
    handle: async ({ signal }) => {
      const services = await Promise.all(
        backends.map(async (backend) => {
          const { name, address, services: contracts } = backend;
          const { ready, reason } = await backend.check(signal);
          const offered = contracts.map(({ typeName }) => typeName);
          return { name, address, healthy: ready, ...(reason !== undefined && { reason }), services: offered };
        }),
      );
      return { json: { version, services } };
    },
  };
}

/** Answers that monitors and MLflow's clients look for; the version is the one of the API that those know. */
export function plainRoutes(): HttpRoute[] {
  return [
    { method: 'GET', path: '/health', permission: 'public', handle: async () => ({ body: 'OK' }) },
    { method: 'GET', path: '/version', permission: 'public', handle: async () => ({ body: MLFLOW_VERSION }) },
  ];
}
