import { metadataSettings } from '@slipway/persistence';
import { composeSettings, defineSettings, driverSetting } from '@slipway/platform';
import { routingSettings } from '@slipway/routing';
import { z } from 'zod';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events go: nats, sqlite (one process only), or one of a plugin.'),
  metadataSettings,
  routingSettings,
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
    'monitor.address': {
      schema: z.string().min(1),
      default: '127.0.0.1:50051',
      doc: 'Address of the monitor, host:port.',
    },
    'monitor.token': {
      schema: z.string().min(1).optional(),
      doc: 'Token of this service at the monitor; its principal needs the role service in every workspace.',
      secret: true,
    },
    'monitor.ca-file': {
      schema: z.string().min(1).optional(),
      doc: 'PEM authorities that the certificate of the monitor is checked with; with it the connection is encrypted.',
    },
  }),
);
