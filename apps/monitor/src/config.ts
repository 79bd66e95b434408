import { upstreamSettings } from '@slipway/clients';
import { monitoringSettings } from '@slipway/monitoring';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting, trustedKeySettings } from '@slipway/platform';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  metadataSettings,
  monitoringSettings,
  upstreamSettings('registry', 'the registry'),
  trustedKeySettings('monitoring', 'packages are believed', 'packages are checked by digest alone'),
);
