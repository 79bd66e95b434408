import { describe, expect, it, vi } from 'vitest';
import { UnavailableError } from '@slipway/kernel';
import { createGrpcServer, type GrpcServer } from '@slipway/platform';
import { createClient } from './client.ts';
import { grpcTransport } from './grpc-transport.ts';
import { probeDependencies, probeImplementation, probeService, ProbeState } from './testing/probe-service.ts';
import { transportSuite } from './testing/transport-suite.ts';

async function serve(
  implementation: ReturnType<typeof probeImplementation>,
  dependencies = probeDependencies(),
): Promise<GrpcServer> {
  const server = createGrpcServer({
    services: [implementation],
    host: '127.0.0.1',
    port: 0,
    dependencies,
    reflection: false,
  });
  await server.start(new AbortController().signal);
  return server;
}

transportSuite('gRPC', async (implementation, dependencies) => {
  const server = await serve(implementation, dependencies);
  return {
    connect: (token) => grpcTransport({ address: `127.0.0.1:${server.port}`, token: () => token }),
    close: () => server.stop(),
  };
});

describe('grpcTransport', () => {
  it('repeats a read that was unavailable, at most twice, and nothing else', async () => {
    const state = new ProbeState();
    const server = await serve(probeImplementation(state));
    const transport = grpcTransport({ address: `127.0.0.1:${server.port}`, token: () => 'good' });
    const client = createClient(probeService, transport);
    state.failuresLeft = 2;
    expect((await client.getRegisteredModel({ name: 'flaky' })).model?.name).toBe('flaky');
    expect(state.calls).toBe(3);
    state.failuresLeft = 3;
    await expect(client.getRegisteredModel({ name: 'flaky' })).rejects.toBeInstanceOf(UnavailableError);
    expect(state.calls).toBe(6);
    state.failuresLeft = 1;
    await expect(client.createRegisteredModel({ name: 'flaky' })).rejects.toBeInstanceOf(UnavailableError);
    expect(state.calls).toBe(7);
    state.failuresLeft = 2;
    const chunks: unknown[] = [];
    for await (const chunk of client.downloadModelVersion({ model: 'flaky' })) chunks.push(chunk);
    expect([chunks.length, state.calls]).toEqual([5, 10]);
    await transport.close();
    await server.stop();
  });

  it('says unavailable when nobody listens', async () => {
    const server = await serve(probeImplementation(new ProbeState()));
    const { port } = server;
    await server.stop();
    const transport = grpcTransport({ address: `127.0.0.1:${port}`, token: () => 'good' });
    await expect(createClient(probeService, transport).createRegisteredModel({ name: 'm' })).rejects.toBeInstanceOf(
      UnavailableError,
    );
    await transport.close();
  });

  it('is not drained while an accepted call runs', async () => {
    const state = new ProbeState();
    const server = await serve(probeImplementation(state));
    const transport = grpcTransport({ address: `127.0.0.1:${server.port}`, token: () => 'good' });
    const leaving = new AbortController();
    const call = createClient(probeService, transport).createRegisteredModel(
      { name: 'slow' },
      { signal: leaving.signal },
    );
    const ended = expect(call).rejects.toThrow('left');
    await vi.waitFor(() => expect(state.calls).toBe(1));
    const drained = server.drain(AbortSignal.timeout(5_000)).then(() => 'drained');
    const later = new Promise((resolve) => setTimeout(() => resolve('waiting'), 100));
    expect(await Promise.race([drained, later])).toBe('waiting');
    leaving.abort(new Error('left'));
    await ended;
    expect(await drained).toBe('drained');
    await transport.close();
    await server.stop();
  });

  it('drains: accepted calls end, new ones are refused', async () => {
    const state = new ProbeState();
    const server = await serve(probeImplementation(state));
    const transport = grpcTransport({ address: `127.0.0.1:${server.port}`, token: () => 'good' });
    const client = createClient(probeService, transport);
    const download = client.downloadModelVersion({ model: 'm' })[Symbol.asyncIterator]();
    await download.next();
    const drained = server.drain(AbortSignal.timeout(5_000));
    expect(server.states.isServing('')).toBe(false);
    let count = 1;
    while ((await download.next()).done !== true) count += 1;
    expect(count).toBe(5);
    await drained;
    await expect(client.createRegisteredModel({ name: 'm' })).rejects.toBeInstanceOf(UnavailableError);
    await transport.close();
    await server.stop();
  });
});
