import { setTimeout as delay } from 'node:timers/promises';
import {
  ExhaustedError,
  FailedPreconditionError,
  silentLogger,
  UnavailableError,
  type Logger,
  type OnlineStore,
} from '@slipway/plugin-kit';
import {
  describeWith,
  freePort,
  startRedis,
  temporaryDirectory,
  type RedisOptions,
  type RedisServer,
} from '@slipway/testing';
import { createClient } from '@redis/client';
import { afterEach, expect, it } from 'vitest';
import { failureOf, rowOf, TABLE, unaborted, untilItWorks, valuesOf } from './testing/outcomes.ts';
import { storeWith } from './testing/stores.ts';

describeWith(['redis'], 'Redis faults', () => {
  const servers: RedisServer[] = [];
  const stores: OnlineStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function serverWith(options: RedisOptions = {}): Promise<RedisServer> {
    const server = await startRedis(options);
    servers.push(server);
    return server;
  }
  async function openedOn(server: RedisServer, settings: Readonly<Record<string, unknown>> = {}): Promise<OnlineStore> {
    const store = storeWith({ address: server.address, reconnectDelayMsMax: 100, ...settings });
    stores.push(store);
    await store.open(AbortSignal.timeout(5_000));
    return store;
  }
  async function ask(server: RedisServer, ...command: readonly string[]): Promise<unknown> {
    const client = await createClient({ url: `redis://${server.address}` }).connect();
    try {
      return await client.sendCommand([...command]);
    } finally {
      client.destroy();
    }
  }

  it('a server that is killed makes calls unavailable; when it is back they work, and what was acknowledged is there', async () => {
    using directory = temporaryDirectory();
    const port = await freePort();
    const options = { port, directory: directory.path, appendOnly: true };
    const first = await serverWith(options);
    const store = await openedOn(first);
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    const writing = Array.from({ length: 8 }, async (_, writer) => {
      for (let turn = 0; failures.length < 8; turn++) {
        const key = `${writer}-${turn}`;
        const failure = await failureOf(store.write(TABLE, [rowOf(key, key)], unaborted));
        if (failure) failures.push(failure);
        else acknowledged.push(key);
      }
    });
    await delay(50);
    await first.kill('SIGKILL');
    await Promise.all(writing);
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(failures.every((failure) => failure instanceof UnavailableError)).toBe(true);
    const started = performance.now();
    expect(await failureOf(valuesOf(store, 'k'))).toBeInstanceOf(UnavailableError);
    expect(performance.now() - started).toBeLessThan(1_000); // at once, not after the time of a call
    await delay(300); // attempts go on
    await serverWith(options);
    expect(await untilItWorks(() => valuesOf(store, ...acknowledged))).toEqual(acknowledged);
    const again = await untilItWorks(() =>
      store.write(TABLE, [rowOf('new', 'x'), rowOf('0-0', 'late', -1n)], unaborted),
    );
    expect(again).toEqual({ stored: 1 }); // the server that came back knew no script
  });

  it('a server that forgot its scripts is told them again', async () => {
    const server = await serverWith();
    const store = await openedOn(server);
    await store.write(TABLE, [rowOf('k', 'first')], unaborted);
    await ask(server, 'SCRIPT', 'FLUSH');
    const rows = Array.from({ length: 1_000 }, (_, index) => rowOf(`k${index}`, 'x'));
    expect(await store.write(TABLE, rows, unaborted)).toEqual({ stored: 1_000 });
    expect(await store.write(TABLE, rows, unaborted)).toEqual({ stored: 0 });
  });

  it('a server that does not answer makes calls unavailable in time; when it answers again they work', async () => {
    const server = await serverWith();
    const store = await openedOn(server, { requestTimeoutMs: 200 });
    await store.write(TABLE, [rowOf('k', 'before')], unaborted);
    await server.kill('SIGSTOP');
    const started = performance.now();
    const failures = await Promise.all([
      failureOf(valuesOf(store, 'k')),
      failureOf(store.write(TABLE, [rowOf('k', 'during', 1n)], unaborted)),
      failureOf(store.drop({ ...TABLE, view: 'other' }, unaborted)),
    ]);
    expect(failures.every((failure) => failure instanceof UnavailableError)).toBe(true);
    expect(performance.now() - started).toBeLessThan(2_000);
    const giveUp = new AbortController();
    const waiting = failureOf(store.read([{ table: TABLE, keys: [Buffer.from('k')] }], giveUp.signal));
    giveUp.abort();
    expect(await waiting).toBeInstanceOf(UnavailableError);
    await delay(800); // longer than a silent connection is kept
    await server.kill('SIGCONT');
    expect(await untilItWorks(() => store.write(TABLE, [rowOf('k', 'after', 2n)], unaborted))).toEqual({ stored: 1 });
    expect(await valuesOf(store, 'k')).toEqual(['after']);
  });

  it('stays connected while nobody calls', async () => {
    const server = await serverWith();
    const warnings: unknown[] = [];
    const log: Logger = { ...silentLogger, warn: (...words: readonly unknown[]) => void warnings.push(words) };
    const store = storeWith({ address: server.address, requestTimeoutMs: 100 }, log);
    stores.push(store);
    await store.open(AbortSignal.timeout(5_000));
    warnings.length = 0; // of opening
    await delay(700); // more than twice what a silent connection is given
    expect(warnings).toEqual([]);
    expect(await store.write(TABLE, [rowOf('k', 'x')], unaborted)).toEqual({ stored: 1 });
  });

  it('opening waits for the server and fails when it does not come', async () => {
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    const absent = storeWith({ address });
    expect(await failureOf(absent.open(AbortSignal.timeout(150)))).toBeInstanceOf(UnavailableError);
    expect(await failureOf(absent.open(unaborted))).toBeInstanceOf(FailedPreconditionError); // once only
    expect(await failureOf(valuesOf(absent, 'k'))).toBeInstanceOf(FailedPreconditionError);
    await absent.close();
    const store = storeWith({ address });
    stores.push(store);
    const opening = store.open(AbortSignal.timeout(5_000));
    await delay(100);
    await serverWith({ port });
    await opening;
    expect(await store.write(TABLE, [rowOf('k', 'x')], unaborted)).toEqual({ stored: 1 });
  });

  it('a server at its memory limit takes no rows and still gives those it has', async () => {
    const server = await serverWith({ settings: ['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction'] });
    const store = await openedOn(server);
    let failure: unknown;
    let stored = 0;
    while (!failure && stored < 10_000) {
      failure = await failureOf(store.write(TABLE, [rowOf(`k${stored}`, 'x'.repeat(10_000))], unaborted));
      if (!failure) stored += 1;
    }
    expect(failure).toBeInstanceOf(ExhaustedError);
    expect(stored).toBeGreaterThan(10);
    expect(await valuesOf(store, 'k0')).toEqual(['x'.repeat(10_000)]);
    await store.drop(TABLE, unaborted);
    expect(await untilItWorks(() => store.write(TABLE, [rowOf('k', 'again')], unaborted))).toEqual({ stored: 1 });
  });

  it('a server that evicts keys is refused', async () => {
    const server = await serverWith({ settings: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] });
    const failure = await failureOf(openedOn(server));
    expect(failure).toBeInstanceOf(FailedPreconditionError);
    expect((failure as Error).message).toContain('maxmemory-policy noeviction');
  });

  it('a key of another application is neither read nor overwritten', async () => {
    const server = await serverWith();
    const store = await openedOn(server, { keyPrefix: 'taken' });
    await store.write(TABLE, [rowOf('k', 'x')], unaborted);
    const [key = ''] = (await ask(server, 'KEYS', 'taken:*')) as string[];
    expect(key).toBe('taken:online:7:default6:faults2:v1');
    await ask(server, 'SET', key, 'foreign');
    for (const call of [valuesOf(store, 'k'), store.write(TABLE, [rowOf('k', 'y', 1n)], unaborted)]) {
      expect(await failureOf(call)).toBeInstanceOf(FailedPreconditionError);
    }
    expect(await ask(server, 'GET', key)).toBe('foreign');
  });
});
