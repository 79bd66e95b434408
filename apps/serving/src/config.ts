import { metadataSettings } from '@slipway/persistence';
import { composeSettings, defineSettings, driverSetting, listOf } from '@slipway/platform';
import { servingSettings } from '@slipway/serving';
import { z } from 'zod';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  driverSetting('model-runtime', 'onnx', 'What runs models: onnx, or one of a plugin.'),
  metadataSettings,
  servingSettings,
  defineSettings({
    'registry.address': {
      schema: z.string().min(1),
      default: '127.0.0.1:50051',
      doc: 'Address of the registry, host:port.',
    },
    'registry.token': {
      schema: z.string().min(1).optional(),
      doc: 'Token of this service at the registry; its principal needs the role service in every workspace.',
      secret: true,
    },
    'registry.ca-file': {
      schema: z.string().min(1).optional(),
      doc: 'PEM authorities that the certificate of the registry is checked with; with it the connection is encrypted.',
    },
    'features.address': {
      schema: z.string().min(1),
      default: '127.0.0.1:50051',
      doc: 'Address of the feature store, host:port; needed for predictions by key with features of the store.',
    },
    'features.token': {
      schema: z.string().min(1).optional(),
      doc: 'Token of this service at the feature store; its principal needs the role service in every workspace.',
      secret: true,
    },
    'features.ca-file': {
      schema: z.string().min(1).optional(),
      doc: 'PEM authorities that the certificate of the feature store is checked with; with it the connection is encrypted.',
    },
    'routing.address': {
      schema: z.string().min(1).optional(),
      doc: 'Address of the experiment router, host:port; without it calls cannot bring assignments.',
    },
    'routing.token': {
      schema: z.string().min(1).optional(),
      doc: 'Token of this service at the router; its principal needs the role service.',
      secret: true,
    },
    'routing.ca-file': {
      schema: z.string().min(1).optional(),
      doc: 'PEM authorities that the certificate of the router is checked with; with it the connection is encrypted.',
    },
    'serving.trusted-key-files': {
      schema: listOf(z.string().min(1), 100),
      doc: 'PEM files of the public keys whose packages are loaded, with commas between them, e.g. the one beside the key of the registry.',
    },
  }),
);
