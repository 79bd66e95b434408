import { gatewaySettings } from '@slipway/gateway';
import { composeSettings, defineSettings, driverSetting } from '@slipway/platform';
import { z } from 'zod';

const address = z.string().min(1).optional();
const authorities = z.string().min(1).optional();
const AUTHORITIES = 'PEM authorities that its certificate is checked with; with it the connection is encrypted.';

/** Everything this service can be told. A service without an address is one that this installation does not have. */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  gatewaySettings,
  defineSettings({
    'registry.address': { schema: address, doc: 'Address of the registry, host:port.' },
    'registry.ca-file': { schema: authorities, doc: AUTHORITIES },
    'tracking.address': { schema: address, doc: 'Address of tracking, host:port.' },
    'tracking.ca-file': { schema: authorities, doc: AUTHORITIES },
    'features.address': { schema: address, doc: 'Address of the feature store, host:port.' },
    'features.ca-file': { schema: authorities, doc: AUTHORITIES },
    'serving.address': { schema: address, doc: 'Address of Open Inference over gRPC, host:port.' },
    'serving.ca-file': { schema: authorities, doc: AUTHORITIES },
  }),
);
