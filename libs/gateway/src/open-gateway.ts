import type { EventBus } from '@slipway/plugin-kit';
import type { Config, HttpRoute, ProcessContext, ServiceModule } from '@slipway/platform';
import { backendConnections, type Backend } from './calls/backend.ts';
import { callRoutes } from './calls/call-routes.ts';
import { catalogueRoute } from './calls/catalogue-route.ts';
import { EventFeed } from './events/event-feed.ts';
import { eventsRoute } from './events/events-route.ts';
import type { gatewaySettings } from './gateway-settings.ts';
import { mlflowRoutes } from './mlflow/mlflow-routes.ts';
import { pageFolder, pageRoutes } from './page/page-routes.ts';
import { plainRoutes, statusRoute } from './status/status-route.ts';

export interface GatewayParts {
  /** Shared; opened and closed elsewhere. */
  readonly bus: EventBus;
  /** What can be called, in the order in which the page lists it. A method that several answer goes to the first one by default. */
  readonly backends: readonly Backend[];
  /** Version of this software. */
  readonly version: string;
}

/** The gateway of a process: JSON for the methods of the backends, events as they come, and the page. It keeps nothing and decides nothing. */
export function openGateway<Known extends typeof gatewaySettings>(
  context: ProcessContext<Known>,
  { bus, backends, version }: GatewayParts,
): ServiceModule {
  const config = context.config as unknown as Config<typeof gatewaySettings>; // one of more settings is one of these, too
  const { clock, metrics } = context;
  const log = context.log.child({ module: 'gateway' });
  const feed = new EventFeed({
    bus,
    durable: `${config.get('gateway.name')}-events`,
    eventsMax: config.get('gateway.events-kept'),
    clientsMax: config.get('gateway.event-clients-max'),
    clock,
    log,
    metrics,
  });
  const limits = {
    messageBytesMax: config.get('gateway.message-bytes-max'),
    streamBytesMax: config.get('gateway.stream-bytes-max'),
  };
  const routes: HttpRoute[] = [
    ...plainRoutes(),
    ...pageRoutes(pageFolder()),
    statusRoute(backends, version),
    catalogueRoute(backends),
    eventsRoute(feed, clock),
    ...callRoutes(backends, limits),
    ...mlflowRoutes(backends, config.get('gateway.public-url')),
  ];
  return {
    name: 'gateway',
    listener: 'grpc',
    services: [],
    http: { listener: 'http', routes },
    components: [backendConnections(backends), feed],
    isReady: () => (feed.isHealthy() ? { ready: true } : { ready: false, reason: 'the event bus does not answer' }),
  };
}
