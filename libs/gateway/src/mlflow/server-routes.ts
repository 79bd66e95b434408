import type { HttpMethod, HttpRoute } from '@slipway/platform';
import { guarded, PREFIXES } from './call-route.ts';
import { MlflowError, UNKNOWN_CALL } from './errors.ts';

/** Version of MLflow whose API this is. Its clients look whether it is new enough for what they want to send, so it is not ours. */
export const MLFLOW_VERSION = '3.17.2';

const METHODS: readonly HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What the server says of itself, and of calls that it does not have. */
export function serverRoutes(): HttpRoute[] {
  const info = {
    store_type: 'SqlStore',
    workspaces_enabled: true,
    trace_archival_enabled: false,
    multipart_uploads_enabled: true,
    multipart_downloads_enabled: false,
  };
  const about = PREFIXES.map((prefix): HttpRoute => ({
    method: 'GET',
    path: `${prefix}/3.0/mlflow/server-info`,
    permission: 'authenticated',
    handle: async () => ({ json: info }),
  }));
  const unknown = ['/api/2.0', '/api/3.0', '/ajax-api/2.0', '/ajax-api/3.0'].flatMap((prefix) =>
    METHODS.map((method): HttpRoute => ({
      method,
      path: `${prefix}/*rest`,
      permission: 'authenticated',
      ...(method !== 'GET' && { body: 'stream' }), // nobody reads it
      handle: async () => UNKNOWN_CALL,
    })),
  );
  const traces: HttpRoute = {
    method: 'POST',
    path: '/v1/traces',
    permission: 'authenticated',
    body: 'stream',
    handle: async () => {
      throw new MlflowError(501, 'NOT_IMPLEMENTED', 'This server does not store traces.');
    },
  };
  return [...about, ...unknown, traces].map(guarded);
}
