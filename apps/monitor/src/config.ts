import { upstreamSettings } from '@slipway/clients';
import { monitoringSettings } from '@slipway/monitoring';
import { metadataSettings } from '@slipway/persistence';
import { composeSettings, defineSettings, driverSetting, listOf } from '@slipway/platform';
import { z } from 'zod';

/** Everything this service can be told. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  metadataSettings,
  monitoringSettings,
  upstreamSettings('registry', 'the registry'),
  defineSettings({
    'monitoring.trusted-key-files': {
      schema: listOf(z.string().min(1), 100),
      default: [],
      doc: 'PEM files of the public keys whose packages are believed, with commas between them; with none, packages are checked by digest alone.',
    },
  }),
);
