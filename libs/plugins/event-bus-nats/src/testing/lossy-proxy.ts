import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const PULL = /PUB \$JS\.API\.CONSUMER\.MSG\.NEXT[^\r]*\r\n[^\r]*\r\n/g;

export interface LossyProxy {
  readonly url: string;
  /** While true, requests for messages vanish on the way to the broker; all else arrives. */
  losePulls: boolean;
  stop(): void;
}

/** Stands between a client and the broker on `port`, to make a consumer that is told nothing and is given nothing. */
export async function startLossyProxy(port: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  const proxy = {
    url: '',
    losePulls: false,
    stop: (): void => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  const server = createServer((client) => {
    const broker = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    broker.pipe(client);
    client.on('data', (chunk: Buffer) => {
      broker.write(proxy.losePulls ? Buffer.from(chunk.toString('latin1').replaceAll(PULL, ''), 'latin1') : chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
