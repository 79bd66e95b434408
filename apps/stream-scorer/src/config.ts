import { upstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting, trustedKeySettings } from '@slipway/platform';
import { servingSettings } from '@slipway/serving';

/** It loads models under a name of its own: servers of one database keep what they load apart by it. */
const scorerSettings = {
  ...servingSettings,
  'serving.server-name': { ...servingSettings['serving.server-name'], default: 'stream-scorer-0' },
} as const;

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting('model-runtime', 'onnx', 'What runs models: onnx, or one of a plugin.'),
  metadataSettings,
  scorerSettings,
  upstreamSettings('registry', 'the registry'),
  upstreamSettings('features', 'the feature store'),
  trustedKeySettings('serving', 'packages are loaded'),
);
