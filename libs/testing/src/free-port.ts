import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that systems give to outgoing connections: one of those must not take the port before its server does. */
const RANGE = { min: 10_000, max: 32_000 };
const TRIES_MAX = 100;

/** A TCP port of 127.0.0.1 that was free a moment ago; for servers that cannot be told to pick one and print it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(RANGE.min, RANGE.max);
    if (await isFree(port)) return port;
  }
  throw new Error(`found no free port in ${TRIES_MAX} tries between ${RANGE.min} and ${RANGE.max}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
