import { optionalUpstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting } from '@slipway/platform';
import { registrySettings } from '@slipway/registry';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting('artifact-store', 's3', 'Where packages lie: s3, local (one machine only), or one of a plugin.'),
  metadataSettings,
  optionalUpstreamSettings('tracking', 'the tracking service', 'files of runs cannot become versions'),
  registrySettings,
);
