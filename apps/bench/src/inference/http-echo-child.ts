import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerParent } from '../measure/bench-child.ts';

/** Bare node:http that reads a body and answers with bytes of the size of ours. */
answerParent(async ({ bytes }: { bytes: number }) => {
  const answer = Buffer.alloc(bytes, 1);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': answer.length });
      response.end(answer);
    });
  });
  server.keepAliveTimeout = 600_000; // between its rounds nobody calls
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
