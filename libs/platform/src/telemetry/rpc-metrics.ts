import type { RpcMetrics } from '../rpc/call.ts';
import type { MetricsRegistry } from './metrics-registry.ts';

/** From 0.25 ms, a cached answer in the same process, to 10 s, the usual deadline. */
const HANDLING_SECONDS = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Distinct methods kept; a caller cannot grow the registry by inventing names. */
const METHODS_MAX = 1_000;

/** Counts calls under the names that go-grpc-middleware and its dashboards use. */
export function createRpcMetrics(registry: MetricsRegistry): RpcMetrics {
  const method = ['grpc_service', 'grpc_method'] as const;
  const started = registry.counter({ name: 'grpc_server_started_total', help: 'Calls begun.', labels: method });
  const handled = registry.counter({
    name: 'grpc_server_handled_total',
    help: 'Calls ended, by status.',
    labels: [...method, 'grpc_code'],
  });
  const handling = registry.histogram({
    name: 'grpc_server_handling_seconds',
    help: 'Time from the first byte of a call to its status.',
    labels: method,
    buckets: HANDLING_SECONDS,
  });
  const seriesByPath = new Map<string, MethodSeries>();
  const seriesOf = (path: string): MethodSeries => {
    const known = seriesByPath.get(path);
    if (known) return known;
    const labels = splitPath(seriesByPath.size < METHODS_MAX ? path : '/other/other');
    const series = {
      labels,
      started: started.bind(labels),
      handled: new Map<string, () => void>(),
      handling: handling.bind(labels),
    };
    if (seriesByPath.size < METHODS_MAX) seriesByPath.set(path, series);
    return series;
  };
  return {
    started: (path) => seriesOf(path).started(),
    finished: (path, code, seconds) => {
      const series = seriesOf(path);
      let count = series.handled.get(code); // codes are the seventeen of gRPC
      if (!count) series.handled.set(code, (count = handled.bind({ ...series.labels, grpc_code: code })));
      count();
      series.handling(seconds);
    },
  };
}

/** What one method counts, looked up once. */
interface MethodSeries {
  readonly labels: MethodLabels;
  readonly started: () => void;
  readonly handled: Map<string, () => void>;
  readonly handling: (seconds: number) => void;
}

interface MethodLabels {
  readonly grpc_service: string;
  readonly grpc_method: string;
}

function splitPath(path: string): MethodLabels {
  const slash = path.lastIndexOf('/');
  return { grpc_service: path.slice(1, slash), grpc_method: path.slice(slash + 1) };
}
