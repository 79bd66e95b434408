export { createDecider, type Exposure, type Route } from './domain/assignment.ts';
export { openRouting, type OpenedRouting, type RoutingDrivers } from './service/open-routing.ts';
export { routingSettings } from './service/routing-settings.ts';
