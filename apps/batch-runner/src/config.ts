import { batchSettings } from '@slipway/batch';
import { optionalUpstreamSettings, upstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { pipelinesSettings } from '@slipway/pipelines';
import { composeSettings, driverSetting, trustedKeySettings } from '@slipway/platform';

/** What its tokens are for: scoring jobs act as a service, the steps of pipelines register versions and move aliases. */
const ROLES = 'service, and for pipelines the role pipelines,';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting(
    'artifact-store',
    's3',
    'Where rows and outputs lie: s3, local (one machine only), or one of a plugin.',
  ),
  driverSetting('launcher', 'process', 'Who runs workers: process (children of this one), or one of a plugin.'),
  driverSetting('trainer', 'linear', 'What trains in pipelines: linear (in this process), or one of a plugin.'),
  driverSetting('model-runtime', 'onnx', 'What judges models in pipelines: onnx, or one of a plugin.'),
  metadataSettings,
  batchSettings,
  pipelinesSettings,
  upstreamSettings('registry', 'the registry', ROLES),
  upstreamSettings('features', 'the feature store', ROLES),
  upstreamSettings('tracking', 'tracking', ROLES),
  optionalUpstreamSettings('routing', 'the experiment router', 'pipelines cannot begin canaries'),
  trustedKeySettings('batch', 'packages score'),
);
