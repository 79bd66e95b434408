import { upstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting } from '@slipway/platform';
import { routingSettings } from '@slipway/routing';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  metadataSettings,
  routingSettings,
  upstreamSettings('registry', 'the registry'),
  upstreamSettings('monitor', 'the monitor'),
);
