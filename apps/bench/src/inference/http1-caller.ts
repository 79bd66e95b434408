import { connect, type Socket } from 'node:net';

interface Connection {
  readonly socket: Socket;
  received: Buffer;
  settle: { resolve: (bytes: number) => void; reject: (error: Error) => void } | undefined;
}

const END_OF_HEAD = '\r\n\r\n';

/** Posts bodies over kept connections by hand: a fraction of the CPU of an HTTP client, so that the server is what is measured. */
export class Http1Caller {
  readonly #host: string;
  readonly #port: number;
  readonly #head: string;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  /** @param path e.g. `/v2/models/small/infer`. */
  constructor(address: string, path: string, token: string | undefined, headers: Readonly<Record<string, string>>) {
    const [host = '', port = ''] = address.split(':');
    this.#host = host;
    this.#port = Number(port);
    const all = { host: address, ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    this.#head = `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\ncontent-length: `;
  }

  /** @returns bytes of the answer. @throws {Error} on any status but 200. */
  call(body: Buffer): Promise<number> {
    const connection = this.#idle.pop() ?? this.#connect();
    return new Promise((resolve, reject) => {
      connection.settle = { resolve, reject };
      connection.socket.write(
        Buffer.concat([Buffer.from(`${this.#head}${body.length}${END_OF_HEAD}`, 'latin1'), body]),
      );
    });
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy();
  }

  #connect(): Connection {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    const connection: Connection = { socket, received: Buffer.alloc(0), settle: undefined };
    this.#all.add(connection);
    socket.on('data', (chunk) => this.#receive(connection, chunk));
    socket.on('error', (error) => connection.settle?.reject(error));
    socket.on('close', () => {
      this.#all.delete(connection);
      if (this.#idle.includes(connection)) this.#idle.splice(this.#idle.indexOf(connection), 1);
      connection.settle?.reject(new Error('the server closed the connection'));
    });
    return connection;
  }

  #receive(connection: Connection, chunk: Buffer): void {
    const received = connection.received.length === 0 ? chunk : Buffer.concat([connection.received, chunk]);
    connection.received = received;
    const end = received.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const bodyBytes = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    if (received.length < end + END_OF_HEAD.length + bodyBytes) return;
    const { settle } = connection;
    connection.received = Buffer.alloc(0);
    connection.settle = undefined;
    this.#idle.push(connection);
    if (head.startsWith('HTTP/1.1 200')) settle?.resolve(bodyBytes);
    else settle?.reject(new Error(`${head.slice(0, 40)} ${received.toString('utf8', end + END_OF_HEAD.length)}`));
  }
}
