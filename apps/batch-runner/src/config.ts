import { batchSettings } from '@slipway/batch';
import { upstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, defineSettings, driverSetting, listOf } from '@slipway/platform';
import { z } from 'zod';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting(
    'artifact-store',
    's3',
    'Where rows and outputs lie: s3, local (one machine only), or one of a plugin.',
  ),
  driverSetting('launcher', 'process', 'Who runs workers: process (children of this one), or one of a plugin.'),
  metadataSettings,
  batchSettings,
  upstreamSettings('registry', 'the registry'),
  upstreamSettings('features', 'the feature store'),
  defineSettings({
    'batch.trusted-key-files': {
      schema: listOf(z.string().min(1), 100),
      doc: 'PEM files of the public keys whose packages score, with commas between them, e.g. the one beside the key of the registry.',
    },
  }),
);
