import { z } from 'zod';
import { defineSettings } from '../config/setting.ts';
import { LOG_LEVELS } from './logger.ts';

/** A base URL without credentials. */
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'is not an http or https URL' })
  .refine((text) => !text.includes('@'), 'must not carry credentials');

export const telemetrySettings = defineSettings({
  'log.level': {
    schema: z.enum(LOG_LEVELS),
    default: 'info',
    doc: `Least level that is logged: ${LOG_LEVELS.join(', ')}.`,
  },
  'log.format': {
    schema: z.enum(['auto', 'json', 'pretty']),
    default: 'auto',
    doc: 'Lines of JSON, or lines for people; auto is pretty on a terminal and JSON elsewhere.',
  },
  'metrics.host': { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address of /metrics, /livez and /readyz.' },
  'metrics.port': {
    schema: z.coerce.number().int().min(0).max(65_535),
    default: 8002,
    doc: 'Port of /metrics, /livez and /readyz; 0 picks a free one. 8002 is where Triton has its metrics.',
  },
  'otel.endpoint': {
    schema: httpUrl.optional(),
    doc: 'Base URL of an OTLP/HTTP receiver of traces, e.g. http://127.0.0.1:4318. Without it nothing is traced.',
  },
  'otel.sample-ratio': {
    schema: z.coerce.number().min(0).max(1),
    default: 1,
    doc: "Share of new traces that are kept, 0 to 1; a caller's own decision is followed.",
  },
});
