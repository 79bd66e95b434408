import { createMetricsRegistry, createHttpMetrics, HttpServer } from '@slipway/platform';
import { invokerDependencies, type ServingHarness } from './serving-harness.ts';

export interface RestServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Open Inference over REST on a free port, as a process serves it. */
export async function startRestServer(harness: ServingHarness): Promise<RestServer> {
  const server = new HttpServer({
    listener: 'inference-http',
    modules: [harness.service.http],
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    allowedOrigins: [],
    dependencies: invokerDependencies(),
    metrics: createHttpMetrics(createMetricsRegistry(false)),
  });
  await server.start(new AbortController().signal);
  return { url: `http://127.0.0.1:${server.port}`, port: server.port, stop: () => server.stop() };
}
