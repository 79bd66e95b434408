export { localBackend, remoteBackend, type AnyService, type Backend } from './calls/backend.ts';
export { gatewaySettings } from './gateway-settings.ts';
export { openGateway, type GatewayParts } from './open-gateway.ts';
