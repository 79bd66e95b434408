import { featuresSettings } from '@slipway/features';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, driverSetting } from '@slipway/platform';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting('artifact-store', 's3', 'Where rows lie: s3, local (one machine only), or one of a plugin.'),
  driverSetting('offline-store', 'duckdb', 'What computes over files of rows: duckdb, or one of a plugin.'),
  driverSetting(
    'online-store',
    'lmdb',
    'Where features by key lie: lmdb (files of this machine), redis (Redis or Valkey), or one of a plugin.',
  ),
  metadataSettings,
  featuresSettings,
);
