import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a real server does too rarely to wait for. Each is asked per request. */
export interface FakeS3Faults {
  /** Overwrites whatever `If-None-Match` says, as some servers do. */
  ignoresConditions?: 'always' | 'on-complete';
  /** Does the work and then breaks the connection instead of answering. */
  losesAnswer?: (method: string, key: string, attempt: number) => boolean;
  /** Breaks the connection after this many bytes of a content. */
  cutsAfter?: (key: string, attempt: number) => number | undefined;
  /** Accepts the request and never answers. */
  hangs?: (method: string, key: string) => boolean;
}

interface Stored {
  readonly body: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
  readonly etag: string;
}

/** The part of S3 that the driver needs, in memory and without authentication, with faults on demand. */
export async function startFakeS3(faults: FakeS3Faults = {}): Promise<{
  readonly endpoint: string;
  readonly objects: Map<string, Stored>;
  readonly requests: string[];
  stop(): Promise<void>;
}> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, { readonly metadata: Record<string, string>; readonly parts: Map<number, Buffer> }>();
  const requests: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    const method = request.method ?? '';
    requests.push(`${method} ${key}${url.search}`);
    const attempt = requests.filter((line) => line === `${method} ${key}${url.search}`).length;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (faults.hangs?.(method, key)) return;
    const [status, headers, body] = act(method, key, url.searchParams, request, Buffer.concat(chunks));
    if (faults.losesAnswer?.(method, key, attempt)) return void request.socket.destroy();
    response.writeHead(status, { ...headers, 'content-length': body.length });
    const cut = method === 'GET' && status < 300 ? faults.cutsAfter?.(key, attempt) : undefined;
    if (cut === undefined) return void response.end(method === 'HEAD' ? undefined : body);
    response.write(body.subarray(0, cut), () => setTimeout(() => request.socket.destroy(), 20));
  }

  function act(
    method: string,
    key: string,
    query: URLSearchParams,
    request: IncomingMessage,
    body: Buffer,
  ): readonly [number, Record<string, string>, Buffer] {
    const uploadId = query.get('uploadId');
    if (key === '') return ok('<r></r>');
    if (method === 'POST' && query.has('uploads')) {
      uploads.set(`u${uploads.size}`, { metadata: metadataOf(request), parts: new Map() });
      return ok(`<r><UploadId>u${uploads.size - 1}</UploadId></r>`);
    }
    const upload = uploadId === null ? undefined : uploads.get(uploadId);
    if (uploadId !== null && !upload) return fail(404, 'NoSuchUpload');
    if (upload && method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return [200, { etag: etagOf(body) }, Buffer.alloc(0)];
    }
    if (upload && method === 'DELETE') return ok('', () => uploads.delete(uploadId ?? ''));
    const refuses = faults.ignoresConditions !== 'always' && !(upload && faults.ignoresConditions === 'on-complete');
    if (['PUT', 'POST'].includes(method) && refuses && request.headers['if-none-match'] === '*' && objects.has(key)) {
      return fail(412, 'PreconditionFailed');
    }
    if (upload) {
      uploads.delete(uploadId ?? '');
      return store(
        key,
        Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part)),
        upload.metadata,
      );
    }
    if (method === 'PUT') return store(key, body, metadataOf(request));
    if (method === 'DELETE') return ok('', () => objects.delete(key));
    return get(key, request);
  }

  function store(
    key: string,
    body: Buffer,
    metadata: Record<string, string>,
  ): readonly [number, Record<string, string>, Buffer] {
    const etag = etagOf(body);
    objects.set(key, { body, metadata, etag });
    return [200, { etag }, Buffer.from(`<r><ETag>${etag}</ETag></r>`)];
  }

  function get(key: string, request: IncomingMessage): readonly [number, Record<string, string>, Buffer] {
    const object = objects.get(key);
    if (!object) return fail(404, 'NoSuchKey');
    const { etag } = object;
    if ((request.headers['if-match'] ?? etag) !== etag) return fail(412, 'PreconditionFailed');
    const headers = Object.fromEntries(
      Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    );
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (!range) return [200, { ...headers, etag }, object.body];
    const [start, end] = [Number(range[1]), range[2] === '' ? object.body.length : Number(range[2]) + 1];
    if (start >= object.body.length) return fail(416, 'InvalidRange');
    return [206, { ...headers, etag }, object.body.subarray(start, end)];
  }
}

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

function ok(text: string, effect: () => unknown = () => undefined): readonly [number, Record<string, string>, Buffer] {
  effect();
  return [200, { 'content-type': 'application/xml' }, Buffer.from(text)];
}

const fail = (status: number, code: string): readonly [number, Record<string, string>, Buffer] => [
  status,
  { 'content-type': 'application/xml' },
  Buffer.from(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`),
];

function metadataOf(request: IncomingMessage): Record<string, string> {
  const names = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-meta-'));
  return Object.fromEntries(names.map((name) => [name.slice('x-amz-meta-'.length), String(request.headers[name])]));
}
