import type { MetricsRegistry } from '../telemetry/metrics-registry.ts';
import type { HttpListenerName } from './route.ts';

/** From 0.25 ms, a cached answer, to 60 s, the usual end of a request. */
const SECONDS = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** Told of every request a listener answers. `route` is the pattern, never the path: callers cannot grow the registry. */
export interface HttpMetrics {
  finished(listener: HttpListenerName, method: string, route: string, status: number, seconds: number): void;
  /** @param active asked when somebody scrapes. */
  watch(listener: HttpListenerName, active: () => number): void;
}

/** What is remembered; a caller may invent methods. */
const SERIES_MAX = 2_000;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Names as OpenTelemetry's stable HTTP conventions read in Prometheus. */
export function createHttpMetrics(registry: MetricsRegistry): HttpMetrics {
  const duration = registry.histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer, by route pattern; empty when no route answers.',
    labels: ['listener', 'http_request_method', 'http_route', 'http_response_status_code'],
    buckets: SECONDS,
  });
  const active = new Map<HttpListenerName, () => number>();
  registry.gauge({
    name: 'http_server_active_requests',
    help: 'Requests whose answer has not ended, of all HTTP listeners.',
    read: () => [...active.values()].reduce((sum, count) => sum + count(), 0),
  });
  // series looked up once: routes are few, and so are the statuses they answer with
  const observers = new Map<string, (seconds: number) => void>();
  const observerOf = (listener: string, sent: string, route: string, status: number): ((seconds: number) => void) => {
    const key = `${listener} ${sent} ${status} ${route}`;
    const known = observers.get(key);
    if (known) return known;
    const method = METHODS.has(sent) ? sent : '_OTHER';
    const labels = { listener, http_request_method: method, http_route: route, http_response_status_code: `${status}` };
    const observe = duration.bind(labels);
    if (observers.size < SERIES_MAX) observers.set(key, observe);
    return observe;
  };
  return {
    finished: (listener, method, route, status, seconds) => observerOf(listener, method, route, status)(seconds),
    watch: (listener, count) => void active.set(listener, count),
  };
}
