import { z } from 'zod';
import { booleanValue, defineSettings, driverSetting, listOf, composeSettings } from '../config/setting.ts';
import { telemetrySettings } from '../telemetry/telemetry-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** Settings that every service has. The data directory's default is below the working directory. */
export const processSettings = composeSettings(
  defineSettings({
    plugins: {
      schema: listOf(z.string(), 50),
      default: [],
      doc: 'Exact names of installed npm packages that bring drivers; found from the folder of the configuration file.',
    },
    'data.directory': {
      schema: z.string().min(1),
      default: 'slipway-data',
      doc: 'Folder of everything this process keeps; created for its user alone, never shared between processes.',
    },
    'drain.budget-ms': {
      schema: z.coerce.number().int().min(0).max(3_600_000),
      default: 20_000,
      doc: 'Milliseconds for ending accepted work after SIGTERM; below the 30 s that Kubernetes grants.',
    },
    'drain.notice-ms': {
      schema: z.coerce.number().int().min(0).max(600_000),
      default: 0,
      doc: 'Milliseconds between "not serving" and refusing calls, part of the budget; 5000 behind a load balancer.',
    },
    'ports-file': { schema: z.string().min(1).optional(), doc: 'JSON file to write the bound ports to, for port 0.' },
    'tls.certificate-file': {
      schema: z.string().min(1).optional(),
      doc: 'PEM certificate chain of the listeners, gRPC and HTTP.',
    },
    'tls.key-file': { schema: z.string().min(1).optional(), doc: 'PEM private key of the certificate.' },
    'tls.client-ca-file': {
      schema: z.string().min(1).optional(),
      doc: 'PEM authorities; with it every client has to show a certificate of one of them.',
    },
  }),
  driverSetting('authenticator', 'none', 'Who checks callers: none (loopback only), tokens, or one of a plugin.'),
  telemetrySettings,
);

/** The listener most services are on. */
export const grpcListenerSettings = defineSettings({
  'grpc.host': { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address of the gRPC services.' },
  'grpc.port': { schema: port, default: 50_051, doc: 'Port of the gRPC services; 0 picks a free one.' },
  'grpc.reflection': {
    schema: booleanValue,
    default: true,
    doc: 'Whether the gRPC listeners describe their services.',
  },
});

/** The listener that users of Triton and KServe expect. */
export const inferenceListenerSettings = defineSettings({
  'inference.host': { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address of Open Inference over gRPC.' },
  'inference.port': {
    schema: port,
    default: 8001,
    doc: 'Port of Open Inference over gRPC, as Triton has it; 0 picks a free one.',
  },
});

const hosts = listOf(z.string().regex(/^[A-Za-z0-9.:[\]-]{1,255}$/, 'is no host with or without a port'), 50);
const origins = listOf(z.string().regex(/^https?:\/\/[A-Za-z0-9.:[\]-]{1,255}$/, 'is not scheme://host[:port]'), 50);

/** The listener of the gateway. */
export const httpListenerSettings = defineSettings({
  'http.host': {
    schema: z.string().min(1),
    default: '127.0.0.1',
    doc: 'Address of the gateway: page, JSON and events.',
  },
  'http.port': { schema: port, default: 8080, doc: 'Port of the gateway; 0 picks a free one.' },
  'http.allowed-hosts': {
    schema: hosts,
    default: [],
    doc: 'Names a Host header may hold; without any, loopback names on a loopback address and every name on another.',
  },
  'http.allowed-origins': {
    schema: origins,
    default: [],
    doc: 'Other sites whose pages may call the gateway (CORS), as scheme://host[:port]; none by default.',
  },
});

/** The HTTP listener that users of Triton and KServe expect. */
export const inferenceHttpListenerSettings = defineSettings({
  'inference-http.host': { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address of Open Inference REST.' },
  'inference-http.port': {
    schema: port,
    default: 8000,
    doc: 'Port of Open Inference REST, as Triton has it; 0 picks a free one.',
  },
  'inference-http.allowed-hosts': { schema: hosts, default: [], doc: 'As http.allowed-hosts.' },
  'inference-http.allowed-origins': { schema: origins, default: [], doc: 'As http.allowed-origins.' },
});

/** All settings of a process, whichever listeners it opens. */
export const platformSettings = composeSettings(
  processSettings,
  grpcListenerSettings,
  inferenceListenerSettings,
  httpListenerSettings,
  inferenceHttpListenerSettings,
);
export type PlatformSettings = typeof platformSettings;
