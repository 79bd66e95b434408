import type { CallOptions, Client } from '@slipway/clients';
import type { ServiceDescriptor } from '@slipway/contracts';
import type { registryService, webhookService } from '@slipway/contracts/slipway.registry.v1';
import type { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { HttpMethod, HttpReply, HttpRequest, HttpRoute } from '@slipway/platform';
import { callOptions } from '../calls/call-options.ts';
import { errorReply, renderError } from './errors.ts';
import { Parameters } from './parameters.ts';
import { assertJsonType, readBody } from './wire.ts';

type ClientOf<Descriptor> = Client<Descriptor extends ServiceDescriptor<infer Shapes> ? Shapes : never>;
export type TrackingClient = ClientOf<typeof trackingService>;
export type RegistryClient = ClientOf<typeof registryService>;
export type WebhookClient = ClientOf<typeof webhookService>;

/** One call of MLflow's REST API. */
export interface MlflowCall {
  readonly parameters: Parameters;
  /** For calls made in the name of the caller. */
  readonly options: CallOptions;
  /** Decoded segment of the path. */
  readonly segment: (name: string) => string;
  readonly request: HttpRequest;
}

/** A call by its path below `/api/2.0`; what it returns is sent as JSON. */
export interface MlflowRoute {
  readonly method: HttpMethod;
  readonly path: string;
  readonly answer: (call: MlflowCall) => Promise<object>;
}

const JSON_BYTES_MAX = 16 * 1024 * 1024;
/** Of clients and of pages. */
export const PREFIXES = ['/api', '/ajax-api'];

/** Both addresses of each call. */
export function callRoutes(routes: readonly MlflowRoute[]): HttpRoute[] {
  return routes.flatMap(({ method, path, answer }) =>
    PREFIXES.map((prefix): HttpRoute => {
      const handle = async (request: HttpRequest): Promise<HttpReply> => {
        if (method === 'POST' || method === 'PUT') assertJsonType(request);
        const { query, body, param: segment } = request;
        const parameters = method === 'GET' ? Parameters.ofQuery(query) : Parameters.ofJson(readBody(body));
        return { json: await answer({ parameters, options: callOptions(request), segment, request }) };
      };
      return guarded({
        method,
        path: `${prefix}/2.0${path}`,
        permission: 'authenticated', // what the caller may do, the service says
        ...(method !== 'GET' && { body: 'bytes', bodyBytesMax: JSON_BYTES_MAX }),
        handle,
      });
    }),
  );
}

/** A route whose errors look like MLflow's. */
export function guarded(route: HttpRoute): HttpRoute {
  return {
    ...route,
    renderError,
    handle: async (request) => {
      try {
        return await route.handle(request);
      } catch (error) {
        const reply = errorReply(error);
        if (!reply) throw error;
        if (isTrouble(reply.status)) request.log.warn({ err: error }, 'a call for MLflow failed');
        return reply;
      }
    },
  };
}

/** Of ours, and not just something that we do not have. */
const isTrouble = (status = 200): boolean => status >= 500 && status !== 501;
