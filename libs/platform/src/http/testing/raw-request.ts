import { connect } from 'node:net';

/** What came back over one connection that was given exactly these bytes. */
export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends bytes as they are, without a client that would mend them, and reads until the server closes or `waitMs` have passed. */
export function sendRaw(port: number, parts: string | readonly (string | Buffer)[], waitMs = 400): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of typeof parts === 'string' ? [parts] : parts) socket.write(part);
    });
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (isWhole(parseAnswer(Buffer.concat(chunks).toString('utf8')))) socket.destroy();
    });
    socket.on('error', () => undefined); // a reset ends it too
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(parseAnswer(Buffer.concat(chunks).toString('utf8')));
    });
  });
}

/** Not known of an answer without a length, nor of one to HEAD: those wait for the end. */
const isWhole = ({ headers, body }: RawAnswer): boolean =>
  headers['content-length'] !== undefined && Buffer.byteLength(body) >= Number(headers['content-length']);

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '').split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(status)?.[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: rest.join('\r\n\r\n'),
  };
}

/** Text of one request; `content-length` follows from the body unless the headers say something about it. */
export function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (!names.includes('host')) lines.unshift('host: 127.0.0.1');
  const isSized = names.includes('content-length') || names.includes('transfer-encoding');
  if (body !== '' && !isSized) lines.push(`content-length: ${Buffer.byteLength(body)}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
