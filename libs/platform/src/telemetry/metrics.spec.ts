import { request } from 'node:http';
import { silentLogger } from '@slipway/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoopback, isLoopbackHostHeader } from './loopback.ts';
import { createMetricsRegistry } from './metrics-registry.ts';
import { MetricsServer, type Readiness } from './metrics-server.ts';
import { createRpcMetrics } from './rpc-metrics.ts';

describe('metrics', () => {
  it('count calls under the names of the field', async () => {
    const registry = createMetricsRegistry(false);
    const rpc = createRpcMetrics(registry);
    rpc.started('/a.b.v1.Thing/Get');
    rpc.started('/a.b.v1.Thing/Get');
    rpc.finished('/a.b.v1.Thing/Get', 'NOT_FOUND', 0.003);
    const { body } = await registry.expose();
    const labels = 'grpc_service="a.b.v1.Thing",grpc_method="Get"';
    expect(body).toContain(`grpc_server_started_total{${labels}} 2`);
    expect(body).toContain(`grpc_server_handled_total{${labels},grpc_code="NOT_FOUND"} 1`);
    expect(body).toContain(`grpc_server_handling_seconds_bucket{le="0.0025",${labels}} 0`);
    expect(body).toContain(`grpc_server_handling_seconds_bucket{le="0.005",${labels}} 1`);
    expect(body).toContain(`grpc_server_handling_seconds_sum{${labels}} 0.003`);
  });

  it('bound the methods they keep', async () => {
    const registry = createMetricsRegistry(false);
    const rpc = createRpcMetrics(registry);
    for (let index = 0; index < 1_500; index++) rpc.started(`/made.Up/M${index}`);
    const { body } = await registry.expose();
    expect(body.match(/^grpc_server_started_total\{/gm)).toHaveLength(1_001);
    expect(body).toContain('grpc_server_started_total{grpc_service="other",grpc_method="other"} 500');
  });

  it('count by bound series and by labels into the same sum, also between scrapes', async () => {
    const registry = createMetricsRegistry(false);
    const rows = registry.counter({ name: 'rows_total', help: 'Rows.', labels: ['service', 'kind'] });
    const bound = rows.bind({ service: 'a', kind: 'b' });
    bound();
    bound(2.5);
    rows.increase({ kind: 'b', service: 'a' });
    rows.increase({ service: 'a","b', kind: '' }, 7);
    expect((await registry.expose()).body).toContain('rows_total{service="a",kind="b"} 4.5');
    bound(3);
    const { body } = await registry.expose();
    expect(body).toContain('rows_total{service="a",kind="b"} 7.5');
    expect(body.match(/^rows_total\{/gm)).toHaveLength(2);
    expect(() => bound(-1)).toThrow(RangeError);
    expect(() => bound(Number.NaN)).toThrow(RangeError);
    expect(() => rows.bind({ service: 'a', colour: 'red' } as never)).toThrow(/label/i);
  });

  it('observe by bound series and by labels into the same buckets', async () => {
    const registry = createMetricsRegistry(false);
    const waits = registry.histogram({ name: 'wait_seconds', help: 'Waits.', labels: ['queue'], buckets: [0.1, 1] });
    const bound = waits.bind({ queue: 'a' });
    bound(0.1);
    bound(0.5);
    waits.observe({ queue: 'a' }, 7);
    waits.observe({ queue: 'b"' }, 1);
    const { body } = await registry.expose();
    expect(
      body.split('\n').filter((line) => line.startsWith('wait_seconds') || line.startsWith('# TYPE wait')),
    ).toEqual([
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{le="0.1",queue="a"} 1',
      'wait_seconds_bucket{le="1",queue="a"} 2',
      'wait_seconds_bucket{le="+Inf",queue="a"} 3',
      'wait_seconds_sum{queue="a"} 7.6',
      'wait_seconds_count{queue="a"} 3',
      'wait_seconds_bucket{le="0.1",queue="b\\""} 0',
      'wait_seconds_bucket{le="1",queue="b\\""} 1',
      'wait_seconds_bucket{le="+Inf",queue="b\\""} 1',
      'wait_seconds_sum{queue="b\\""} 1',
      'wait_seconds_count{queue="b\\""} 1',
    ]);
    expect(() => waits.bind({ colour: 'red' } as never)).toThrow("no label 'colour'");
    expect(() => bound(Number.NaN)).toThrow(TypeError);
  });

  it('tell of the process and its event loop', async () => {
    const { body } = await createMetricsRegistry().expose();
    for (const name of [
      'nodejs_eventloop_lag_p50_seconds',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_eventloop_lag_max_seconds',
    ]) {
      expect(body).toMatch(new RegExp(`^${name} [\\d.e-]+$`, 'm'));
    }
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('are shared by name, and refused under the same name with other labels', async () => {
    const registry = createMetricsRegistry(false);
    const define = () => registry.counter({ name: 'outbox_rows_total', help: 'Rows.', labels: ['service'] });
    define().increase({ service: 'a' });
    define().increase({ service: 'a' }, 4);
    let depth = 7;
    registry.gauge({ name: 'outbox_depth', help: 'Rows.', read: () => depth });
    depth = 9;
    const { body } = await registry.expose();
    expect(body).toContain('outbox_rows_total{service="a"} 5');
    expect(body).toContain('outbox_depth 9');
    expect(() => registry.counter({ name: 'outbox_rows_total', help: 'Rows.' })).toThrow("labels 'service'");
    expect(() => registry.gauge({ name: 'outbox_rows_total', help: 'Rows.', labels: ['service'] })).toThrow(
      'a counter',
    );
  });
});

describe('the metrics server', () => {
  let readiness: Readiness;
  let server: MetricsServer;
  beforeEach(async () => {
    readiness = { ready: false, reason: 'registry: the store is closed' };
    server = new MetricsServer({
      host: '127.0.0.1',
      port: 0,
      registry: createMetricsRegistry(false),
      isReady: () => readiness,
      log: silentLogger,
    });
    await server.start(AbortSignal.timeout(5_000));
  });
  afterEach(() => server.stop());

  const call = (path: string, options: { host?: string; method?: string } = {}) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const headers = options.host === undefined ? {} : { host: options.host };
      const outgoing = request({
        port: server.port,
        host: '127.0.0.1',
        path,
        method: options.method ?? 'GET',
        headers,
      });
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.once('end', () => resolve({ status: response.statusCode, body }));
      });
      outgoing.end();
    });

  it('tells whether the process lives and is ready', async () => {
    expect(await call('/livez')).toEqual({ status: 200, body: 'ok\n' });
    expect(await call('/readyz')).toEqual({ status: 503, body: 'registry: the store is closed\n' });
    readiness = { ready: true };
    expect(await call('/readyz?verbose')).toEqual({ status: 200, body: 'ok\n' });
    expect((await call('/metrics')).status).toBe(200);
    expect((await call('/other')).status).toBe(404);
    expect((await call('/livez', { method: 'POST' })).status).toBe(405);
  });

  it.each(['evil.example', 'evil.example:8002', '127.0.0.1.evil.example', '10.0.0.1'])(
    'refuses the Host %s',
    async (host) => {
      expect((await call('/metrics', { host })).status).toBe(403);
    },
  );

  it.each(['localhost', 'localhost:8002', '127.0.0.1:1', '[::1]:8002', '127.9.9.9'])(
    'answers to the Host %s',
    async (host) => {
      expect((await call('/livez', { host })).status).toBe(200);
    },
  );

  it('names the setting when its port is taken', async () => {
    const other = new MetricsServer({
      host: '127.0.0.1',
      port: server.port,
      registry: createMetricsRegistry(false),
      isReady: () => readiness,
      log: silentLogger,
    });
    await expect(other.start(AbortSignal.timeout(5_000))).rejects.toThrow('metrics.port');
    await other.stop();
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '::1', 'localhost', 'LOCALHOST'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', 'localhost.evil', '127.evil'].some(isLoopback)).toBe(false);
    expect([undefined, '', 'a b', '[::2]', '::1'].some(isLoopbackHostHeader)).toBe(false);
  });
});
