import { optionalUpstreamSettings, upstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting, trustedKeySettings } from '@slipway/platform';
import { servingSettings } from '@slipway/serving';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting('model-runtime', 'onnx', 'What runs models: onnx, or one of a plugin.'),
  metadataSettings,
  servingSettings,
  upstreamSettings('registry', 'the registry'),
  upstreamSettings('features', 'the feature store'),
  optionalUpstreamSettings('routing', 'the experiment router', 'calls cannot bring assignments'),
  trustedKeySettings('serving', 'packages are loaded'),
);
