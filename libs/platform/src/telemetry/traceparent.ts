import {
  isSpanContextValid,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';

const TRACEPARENT = 'traceparent';
/** Version 00; later versions may append fields, which are ignored as the specification asks. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** @see W3C Trace Context, section 3.2. Undefined for text that is no valid `traceparent`. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
}

/** `traceparent` of the active span, to be sent with a call or stored with an event; undefined outside of one. */
export function activeTraceparent(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? formatTraceparent(context) : undefined;
}

/** Carries the trace in the header `traceparent`. */
export const traceparentPropagator: TextMapPropagator = {
  inject: (context: Context, carrier: unknown, setter: TextMapSetter<unknown>) => {
    const span = trace.getSpanContext(context);
    if (span && isSpanContextValid(span)) setter.set(carrier, TRACEPARENT, formatTraceparent(span));
  },
  extract: (context: Context, carrier: unknown, getter: TextMapGetter<unknown>) => {
    const header = getter.get(carrier, TRACEPARENT);
    const parent = parseTraceparent((Array.isArray(header) ? header[0] : header) ?? '');
    return parent ? trace.setSpanContext(context, parent) : context;
  },
  fields: () => [TRACEPARENT],
};
