import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DeniedError, silentLogger, UnauthenticatedError, UnavailableError, type Logger } from '@slipway/plugin-kit';
import { describeWith, freePort, startRedis, temporaryDirectory, type RedisServer } from '@slipway/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureOf, rowOf, TABLE, unaborted, untilItWorks, valuesOf } from './testing/outcomes.ts';
import { selfSigned } from './testing/self-signed.ts';
import { storeWith } from './testing/stores.ts';

const PASSWORD = 'correct-horse-battery';
const OTHER = 'another-staple';

describeWith(['redis'], 'signing in to Redis', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  const servers: RedisServer[] = [];
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    directory.remove();
  });

  const fileWith = (name: string, content: string): string => {
    const path = join(directory.path, name);
    writeFileSync(path, content);
    return path;
  };
  async function serverWith(settings: readonly string[], port?: number): Promise<RedisServer> {
    const server = await startRedis({ settings, ...(port === undefined ? {} : { port }) });
    servers.push(server);
    return server;
  }

  it('takes the password of the file, follows its rotation, and prints it nowhere', async () => {
    const printed: unknown[] = [];
    const keep = (...words: readonly unknown[]): void => void printed.push(words);
    const log: Logger = { ...silentLogger, debug: keep, info: keep, warn: keep, error: keep };
    const server = await serverWith(['--requirepass', PASSWORD]);
    const passwordFile = fileWith('password', `${PASSWORD}\nsecond line\n`);
    const settings = { address: server.address, passwordFile, reconnectDelayMsMax: 50 };
    const store = storeWith(settings, log);
    await store.open(AbortSignal.timeout(5_000));
    await store.write(TABLE, [rowOf('k', 'x')], unaborted);
    await server.kill('SIGKILL');
    await serverWith(['--requirepass', OTHER], server.port);
    const refused = await failureOf(valuesOf(store, 'k'));
    expect(refused).toBeInstanceOf(UnavailableError);
    fileWith('password', OTHER);
    expect(await untilItWorks(() => valuesOf(store, 'k'))).toEqual([undefined]);
    await store.close();
    expect(printed.length).toBeGreaterThan(0);
    for (const secret of [PASSWORD, OTHER]) {
      expect(inspect([printed, refused, store, settings], { depth: 20, showHidden: true })).not.toContain(secret);
    }
  });

  it('is refused at once with a wrong password, with none, and without a permission', async () => {
    const acl = [
      '--user',
      'default',
      'on',
      `>${PASSWORD}`,
      '~*',
      '+@all',
      '--user',
      'reader',
      'on',
      `>${OTHER}`,
      '~*',
      '-@all',
      '+@connection',
      '+hmget',
    ];
    const server = await serverWith(acl);
    const { address } = server;
    const wrong = [
      {},
      { passwordFile: fileWith('wrong', OTHER) },
      { passwordFile: fileWith('wrong', OTHER), user: 'nobody' },
    ];
    for (const settings of wrong) {
      const started = performance.now();
      const failure = await failureOf(storeWith({ address, ...settings }).open(AbortSignal.timeout(5_000)));
      expect(failure, JSON.stringify(settings)).toBeInstanceOf(UnauthenticatedError);
      expect(performance.now() - started).toBeLessThan(2_000); // not tried again until the time is over
      expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain(OTHER);
    }
    const reader = storeWith({ address, user: 'reader', passwordFile: fileWith('reader', OTHER) });
    await reader.open(AbortSignal.timeout(5_000)); // it may not ask for INFO
    expect(await valuesOf(reader, 'k')).toEqual([undefined]);
    expect(await failureOf(reader.write(TABLE, [rowOf('k', 'x')], unaborted))).toBeInstanceOf(DeniedError);
    await reader.close();
  });

  it('speaks TLS and checks who the server is', async () => {
    const { certificate, key } = selfSigned();
    const [certFile, keyFile] = [fileWith('cert.pem', certificate), fileWith('key.pem', key)];
    const port = await freePort();
    await serverWith(
      [
        '--port',
        '0',
        '--tls-port',
        `${port}`,
        '--tls-cert-file',
        certFile,
        '--tls-key-file',
        keyFile,
        '--tls-auth-clients',
        'no',
      ],
      port,
    );
    const address = `127.0.0.1:${port}`;
    const store = storeWith({ address, tls: 'true', tlsCaFile: certFile });
    await store.open(AbortSignal.timeout(5_000));
    expect(await store.write(TABLE, [rowOf('k', 'over TLS')], unaborted)).toEqual({ stored: 1 });
    expect(await valuesOf(store, 'k')).toEqual(['over TLS']);
    await store.close();
    const stranger = storeWith({ address, tls: true });
    expect(await failureOf(stranger.open(AbortSignal.timeout(300)))).toBeInstanceOf(UnavailableError);
    const plain = storeWith({ address });
    expect(await failureOf(plain.open(AbortSignal.timeout(300)))).toBeInstanceOf(UnavailableError);
  });
});
