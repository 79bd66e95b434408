import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret, seededRandom } from '@slipway/kernel';
import { DEFAULT_WEBHOOK_LIMITS } from '../domain/webhooks/webhook-limits.ts';
import type { WebhookOptions } from '../service/webhooks/create-webhooks.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (received: Received, response: ServerResponse) => void;

const accept: Answer = (_, response) => void response.writeHead(200).end('thanks');

/** Somebody who is told: a server on this machine that keeps what it gets. */
export interface WebhookReceiver {
  readonly url: string;
  readonly host: string;
  readonly received: readonly Received[];
  /** How it answers from now on; undefined for 200. */
  answerWith(answer: Answer | undefined): void;
  /** Resolves when it has got so many. @throws {Error} after 10 s. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  let answer = accept;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(one);
      answer(one, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}/hook`,
    host,
    received,
    answerWith: (next) => void (answer = next ?? accept),
    until: async (count) => {
      for (let waited = 0; received.length < count; waited += 10) {
        if (waited > 10_000) throw new Error(`${received.length} of ${count} deliveries came`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Fast, and only to the hosts named. */
export const testWebhooks = (allowedHosts: readonly string[] = []): WebhookOptions => ({
  key: new Secret('5e'.repeat(32)),
  limits: { ...DEFAULT_WEBHOOK_LIMITS, attemptsMax: 3, timeoutMs: 2_000, backOffMs: 20, pollMs: 20 },
  allowedHosts,
  random: seededRandom(11),
  resolve: (host) => Promise.reject(new Error(`no look-up of ${host} in tests`)),
});
