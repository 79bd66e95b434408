import { monitoringSettings } from '@slipway/monitoring';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, defineSettings, driverSetting, listOf } from '@slipway/platform';
import { z } from 'zod';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  metadataSettings,
  monitoringSettings,
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
    'monitoring.trusted-key-files': {
      schema: listOf(z.string().min(1), 100),
      default: [],
      doc: 'PEM files of the public keys whose packages are believed, with commas between them; with none, packages are checked by digest alone.',
    },
  }),
);
