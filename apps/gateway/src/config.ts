import { gatewaySettings } from '@slipway/gateway';
import { composeSettings, defineSettings, driverSetting } from '@slipway/platform';
import { z } from 'zod';

const text = z.string().min(1).optional();
const address = (of: string) => ({ schema: text, doc: `Address of ${of}, host:port.` });
const authorities = {
  schema: text,
  doc: 'PEM authorities that its certificate is checked with; with it the connection is encrypted.',
};

/**
 * Everything this service can be told. A service without an address is one that this installation does not have. There are no tokens: calls go on
 * with that of their caller.
 */
export const settings = composeSettings(
  driverSetting('event-bus', 'nats', 'Where events come from: nats, sqlite (one process only), or one of a plugin.'),
  gatewaySettings,
  defineSettings({
    'registry.address': address('the registry'),
    'registry.ca-file': authorities,
    'tracking.address': address('tracking'),
    'tracking.ca-file': authorities,
    'features.address': address('the feature store'),
    'features.ca-file': authorities,
    'serving.address': address('Open Inference over gRPC'),
    'serving.ca-file': authorities,
    'routing.address': address('the experiment router'),
    'routing.ca-file': authorities,
    'monitoring.address': address('the monitor'),
    'monitoring.ca-file': authorities,
    'streams.address': address('the stream scorer'),
    'streams.ca-file': authorities,
    'batch.address': address('the batch runner, which has the pipelines, too'),
    'batch.ca-file': authorities,
  }),
);
