import { upstreamSettings } from '@slipway/clients';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, defineSettings, driverSetting, listOf } from '@slipway/platform';
import { servingSettings } from '@slipway/serving';
import { z } from 'zod';

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
  defineSettings({
    'serving.trusted-key-files': {
      schema: listOf(z.string().min(1), 100),
      doc: 'PEM files of the public keys whose packages are loaded, with commas between them, e.g. the one beside the key of the registry.',
    },
  }),
);
