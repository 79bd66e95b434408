import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { Logger } from '@slipway/kernel';
import { pino, stdSerializers, type Logger as PinoLogger } from 'pino';
import { prettyLine } from './pretty-line.ts';
import { redact } from './redact.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** In every line. */
  readonly service: string;
  readonly version: string;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
  /** Gets whole lines with their newline; standard output in a process. */
  readonly out: { write(line: string): unknown };
}

/**
 * Lines of JSON: level as a word, time in ISO 8601, message in `msg`, errors in `err` with stack and causes; `trace_id` and `span_id` within a span.
 * Fields whose name says secret are masked.
 */
export function createLogger({ level, service, version, pretty, out }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, version },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: redact,
    },
    serializers: { err: (error: Error) => redact(stdSerializers.err(error)) },
    mixin: traceFields,
  };
  const stream = { write: (line: string) => void out.write(pretty ? prettyLine(line) : line) };
  return adapt(pino(options, stream));
}

/** pino formats the fields of a child once and passes them by its formatters; they are masked here. */
function adapt(log: PinoLogger): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    child: (fields) => adapt(log.child(redact(fields))),
  };
}

/** Ids of the active span; empty outside of one and while tracing is off. */
function traceFields(): Record<string, string> {
  const context = trace.getActiveSpan()?.spanContext();
  if (!context || !isSpanContextValid(context)) return {};
  return { trace_id: context.traceId, span_id: context.spanId };
}
