import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '@slipway/kernel';
import { startReceiver, type WebhookReceiver } from '../../testing/webhook-receiver.ts';
import { createHttpSender } from './http-webhook-sender.ts';
import type { Resolve } from './webhook-target.ts';

const open = (): AbortSignal => AbortSignal.timeout(10_000);
const delivery = { id: 'd-1', body: '{}', secret: '' };
const failing: Resolve = () => Promise.reject(new Error('no such name'));
const leadingTo =
  (...addresses: string[]): Resolve =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

const senderOf = (resolve: Resolve, allowedHosts: readonly string[] = [], timeoutMs = 1_000) =>
  createHttpSender({ clock: systemClock, timeoutMs, allowedHosts, resolve });

describe('the way out to webhooks', () => {
  let receiver: WebhookReceiver;
  let port: string;
  beforeEach(async () => {
    receiver = await startReceiver();
    port = new URL(receiver.url).port;
  });
  afterEach(() => receiver.stop());

  const FORBIDDEN = [
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:1/',
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://example.com/#part',
    'https://example.com/#',
    'https://',
    'example.com',
    '//example.com/',
    'https://exa mple.com/',
    'https://example.com\\@127.0.0.1/',
    'https://example.com/\r\nHost: other',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.100.100.200/',
    'https://10.0.0.1/',
    'https://192.168.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::169.254.169.254]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://①②⑦.0.0.1/',
  ];
  it.each(FORBIDDEN)('refuses %s, when it is set and when it is called', async (url) => {
    const sender = senderOf(leadingTo('8.8.8.8'));
    await expect(sender.check(url, open())).rejects.toMatchObject({ reason: 'WEBHOOK_URL_REFUSED' });
    expect(await sender.send({ ...delivery, url }, open())).toMatchObject({ kind: 'refused' });
  });

  it.each([['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['8.8.8.8', '::1'], []])(
    'refuses a name that leads to %s %s',
    async (...addresses) => {
      const sender = senderOf(leadingTo(...addresses));
      const url = 'https://rebound.example/';
      await expect(sender.check(url, open())).rejects.toMatchObject({ reason: 'WEBHOOK_URL_REFUSED' });
      expect(await sender.send({ ...delivery, url }, open())).toMatchObject({ kind: 'refused' });
    },
  );

  it('asks at each call where a name leads, and once: the answer is what it connects to', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    const asked: string[] = [];
    const sender = senderOf((host) => {
      asked.push(host);
      return leadingTo(...(answers.shift() ?? []))(host);
    });
    const url = `https://flipping.example:${port}/`;
    await sender.check(url, open());
    expect(await sender.send({ ...delivery, url }, open())).toMatchObject({ kind: 'refused' });
    expect(asked).toEqual(['flipping.example', 'flipping.example']);
    expect(receiver.received).toEqual([]);
  });

  it('connects to the address that it looked up, with the name in the request', async () => {
    const sender = senderOf(leadingTo('127.0.0.1'), ['hooks.intranet']);
    const url = `http://hooks.intranet:${port}/a?b=c`;
    await sender.check(url, open());
    expect(await sender.send({ ...delivery, url }, open())).toMatchObject({
      kind: 'answered',
      status: 200,
      body: 'thanks',
    });
    expect(receiver.received[0]?.headers.host).toBe(`hooks.intranet:${port}`);
    expect(receiver.received[0]?.headers['x-mlflow-signature']).toBeUndefined();
  });

  it('takes an allowed host with its port only', async () => {
    const sender = senderOf(failing, [receiver.host]);
    await sender.check(receiver.url, open());
    await expect(sender.check('http://127.0.0.1:1/', open())).rejects.toMatchObject({ reason: 'WEBHOOK_URL_REFUSED' });
  });

  it('lets a name pass that cannot be looked up when it is set, and tries again later when it is called', async () => {
    const sender = senderOf(failing);
    await sender.check('https://example.com/', open());
    expect(await sender.send({ ...delivery, url: 'https://example.com/' }, open())).toEqual({
      kind: 'unreachable',
      message: 'no such name',
    });
  });

  it('follows no redirect, and reads how long to wait', async () => {
    receiver.answerWith(
      (_, response) => void response.writeHead(307, { location: receiver.url, 'retry-after': '7' }).end(),
    );
    const sender = senderOf(failing, [receiver.host]);
    const outcome = await sender.send({ ...delivery, url: receiver.url }, open());
    expect(outcome).toMatchObject({ kind: 'answered', status: 307, retryAfterMs: 7_000 });
    expect(receiver.received).toHaveLength(1);
  });

  it('reads 4 KiB of an endless answer, and waits no longer than its timeout', async () => {
    const sender = senderOf(failing, [receiver.host], 300);
    receiver.answerWith((_, response) => {
      const more = (): void => void (response.destroyed || response.write('y'.repeat(1000), () => setImmediate(more)));
      more();
    });
    const endless = await sender.send({ ...delivery, url: receiver.url }, open());
    expect(endless).toMatchObject({ kind: 'answered', status: 200, body: 'y'.repeat(4096) });
    receiver.answerWith((_, response) => void response.writeHead(200).write('begun'));
    expect(await sender.send({ ...delivery, url: receiver.url }, open())).toMatchObject({ status: 200, body: 'begun' });
    receiver.answerWith(() => undefined);
    const silent = await sender.send({ ...delivery, url: receiver.url }, open());
    expect(silent).toEqual({ kind: 'unreachable', message: 'no answer within 300 ms' });
    const never = senderOf(() => new Promise(() => undefined), [], 100);
    expect(await never.send({ ...delivery, url: 'https://slow.example/' }, open())).toMatchObject({
      kind: 'unreachable',
    });
  });

  it('ends with its signal', async () => {
    receiver.answerWith(() => undefined);
    const stopping = new AbortController();
    const sent = senderOf(failing, [receiver.host]).send({ ...delivery, url: receiver.url }, stopping.signal);
    await receiver.until(1);
    stopping.abort(new Error('stop'));
    await expect(sent).rejects.toThrow('stop');
  });

  it('takes no answer that is not HTTP, and none with endless headers', async () => {
    const answers = ['nonsense\r\n\r\n', `HTTP/1.1 200 OK\r\n${'X-Long: x\r\n'.repeat(10_000)}\r\n`];
    const server: Server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(answers.shift() ?? ''));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sender = senderOf(failing, [host]);
    for (let at = 0; at < 3; at++) {
      expect(await sender.send({ ...delivery, url: `http://${host}/` }, open())).toMatchObject({ kind: 'unreachable' });
    }
    server.close();
    await once(server, 'close');
  });
});
