import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting } from '@slipway/platform';
import { trackingSettings } from '@slipway/tracking';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting('artifact-store', 's3', 'Where files of runs lie: s3, local (one machine only), or one of a plugin.'),
  metadataSettings,
  trackingSettings,
);
