import { defineSettings } from '@slipway/platform';
import { z } from 'zod';

/** What the gateway itself can be told; where it listens is among the settings of the process. */
export const gatewaySettings = defineSettings({
  'gateway.name': {
    schema: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - and _'),
    default: 'gateway',
    doc: 'Names the durable consumer of this gateway on the event bus; each of several gateways on one bus needs its own.',
  },
  'gateway.public-url': {
    schema: z
      .string()
      .regex(/^(https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?)?$/, 'must be an address such as https://ml.example.com'),
    default: '',
    doc: 'Where clients reach this gateway; addresses for parts of uploads begin with it. Empty: http:// and the host that a request names.',
  },
  'gateway.message-bytes-max': {
    schema: z.coerce.number().int().min(1_024).max(67_108_864),
    default: 8_388_608,
    doc: 'Largest JSON message, and longest line of a stream, in bytes; chunks of uploads take a third more as base64.',
  },
  'gateway.stream-bytes-max': {
    schema: z.coerce.number().int().min(1_024).max(1_099_511_627_776),
    default: 17_179_869_184,
    doc: 'Largest stream of JSON lines that one call may send, in bytes.',
  },
  'gateway.events-kept': {
    schema: z.coerce.number().int().min(0).max(100_000),
    default: 1_000,
    doc: 'Facts kept in memory for pages that open later or come back; as much telemetry is kept, too.',
  },
  'gateway.event-clients-max': {
    schema: z.coerce.number().int().min(1).max(10_000),
    default: 100,
    doc: 'Clients that may read events at the same time.',
  },
});
