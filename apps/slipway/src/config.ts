import { batchSettings } from '@slipway/batch';
import { featuresSettings } from '@slipway/features';
import { gatewaySettings } from '@slipway/gateway';
import { monitoringSettings } from '@slipway/monitoring';
import { metadataSettings } from '@slipway/persistence';
import { pipelinesSettings } from '@slipway/pipelines';
import { composeSettings, driverSetting } from '@slipway/platform';
import { registrySettings } from '@slipway/registry';
import { routingSettings } from '@slipway/routing';
import { servingSettings } from '@slipway/serving';
import { trackingSettings } from '@slipway/tracking';

/** Everything one process with all services can be told; by default it needs nothing but its data directory. */
export const settings = composeSettings(
  driverSetting('event-bus', 'sqlite', 'Where events go: sqlite (in this process), nats, or one of a plugin.'),
  driverSetting('artifact-store', 'local', 'Where packages lie: local (files), s3, or one of a plugin.'),
  driverSetting('model-runtime', 'onnx', 'What runs models: onnx, or one of a plugin.'),
  driverSetting('offline-store', 'duckdb', 'What computes over files of rows: duckdb, or one of a plugin.'),
  driverSetting(
    'online-store',
    'lmdb',
    'Where features by key lie: lmdb (files), redis (Redis or Valkey), or one of a plugin.',
  ),
  driverSetting(
    'launcher',
    'process',
    'What runs the partitions of scoring jobs: process (child processes), or one of a plugin.',
  ),
  driverSetting('trainer', 'linear', 'What trains in pipelines: linear (in this process), or one of a plugin.'),
  metadataSettings,
  registrySettings,
  servingSettings,
  featuresSettings,
  trackingSettings,
  monitoringSettings,
  routingSettings,
  batchSettings,
  pipelinesSettings,
  gatewaySettings,
);
