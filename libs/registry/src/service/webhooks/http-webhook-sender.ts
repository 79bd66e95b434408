import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { DomainError, type Clock } from '@slipway/kernel';
import type { AttemptOutcome } from '../../domain/webhooks/attempt.ts';
import { deliveryHeaders } from '../../domain/webhooks/signature.ts';
import type { WebhookSender } from '../../domain/webhooks/webhook-ports.ts';
import { readTarget, resolveTarget, type Resolve, type ResolvedAddress, type WebhookTarget } from './webhook-target.ts';

const RESPONSE_BYTES_MAX = 4096;
const HEADER_BYTES_MAX = 16_384;
/** Of the check when a webhook is created: the caller waits for it. */
const CHECK_MS_MAX = 5_000;

export interface HttpSenderOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** `host` or `host:port` that may be called over http and at private addresses. */
  readonly allowedHosts: readonly string[];
  readonly resolve: Resolve;
}

/** Sends over HTTP: to the addresses that were checked, without redirects, proxies or kept connections, and reads 4 KiB of the answer. */
export function createHttpSender({ clock, timeoutMs, allowedHosts, resolve }: HttpSenderOptions): WebhookSender {
  return {
    check: async (url, signal) => {
      const target = readTarget(url, allowedHosts);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS_MAX)]);
      try {
        await within(resolveTarget(target, resolve), limited);
      } catch (error) {
        if (error instanceof DomainError) throw error;
        signal.throwIfAborted(); // else the name cannot be looked up now: every call looks again
      }
    },
    send: async (delivery, signal) => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const target = readTarget(delivery.url, allowedHosts);
        const addresses = await within(resolveTarget(target, resolve), limited);
        const headers = deliveryHeaders(delivery, clock.now());
        return await post(target, addresses, { headers, body: delivery.body }, limited);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DomainError) return { kind: 'refused', message: error.message };
        if (limited.aborted) return { kind: 'unreachable', message: `no answer within ${timeoutMs} ms` };
        return { kind: 'unreachable', message: error instanceof Error ? messageOf(error) : String(error) };
      }
    },
  };
}

/** Attempts at several addresses fail together, without a message of their own. */
function messageOf(error: Error): string {
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}

/** Look-ups cannot be ended; what they answer later is dropped. */
function within<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function post(
  { url }: WebhookTarget,
  addresses: readonly ResolvedAddress[],
  { headers, body }: Message,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' },
    agent: false,
    lookup: answering(addresses),
    maxHeaderSize: HEADER_BYTES_MAX,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      request.off('error', reject).on('error', () => undefined); // the status is known: what breaks now is only the text beside it
      readAnswer(request, response).then(resolve, reject);
    });
    request.end(body);
  });
}

/** Answers a socket with what was checked, whatever the name leads to by now. */
function answering(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all) done(null, [...addresses]);
    else if (first) done(null, first.address, first.family);
    else done(new Error('the name has no address'), '');
  };
}

async function readAnswer(request: ClientRequest, response: IncomingMessage): Promise<AttemptOutcome> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= RESPONSE_BYTES_MAX) break;
    }
  } catch {
    // the status counts; the text is only shown to people
  } finally {
    request.destroy();
  }
  const body = Buffer.concat(chunks).subarray(0, RESPONSE_BYTES_MAX).toString('utf8');
  const seconds = /^\d{1,6}$/.exec(response.headers['retry-after'] ?? '')?.[0];
  const retryAfterMs = seconds === undefined ? undefined : Number(seconds) * 1000;
  return { kind: 'answered', status: response.statusCode ?? 0, body, retryAfterMs };
}
