import type { CallOptions } from '@slipway/clients';
import type { ArtifactOwner, DownloadArtifactResponse__Output } from '@slipway/contracts/slipway.tracking.v1';
import { InvalidArgumentError } from '@slipway/kernel';
import type { HttpReply, HttpRequest } from '@slipway/platform';
import type { TrackingClient } from './call-route.ts';
import { MlflowError } from './errors.ts';

/** One file, by its owner and the path below it. */
export interface ArtifactPlace {
  readonly owner: ArtifactOwner;
  /** Empty when the owner is the place already. */
  readonly path: string;
}

/** A transfer may take long as long as bytes come; the deadline is only more than any of them. */
export const TRANSFER_MS = 86_400_000;
const CHUNK_MAX = 4_194_304;

/** Types of what runs leave behind; a browser is to show none of it. */
const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gif: 'image/gif',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  log: 'text/plain',
  py: 'text/plain',
  yaml: 'text/plain',
  yml: 'text/plain',
};

/** The bytes of a request's body, in order, without more than one chunk in memory. @throws {MlflowError} as the service refuses. */
export async function upload(
  tracking: TrackingClient,
  { owner, path }: ArtifactPlace,
  request: Pick<HttpRequest, 'chunks'>,
  options: CallOptions,
): Promise<void> {
  async function* messages() {
    yield { header: { owner, path } };
    yield* chunkMessages(request.chunks());
  }
  await tracking.uploadArtifact(messages(), { ...options, timeoutMs: TRANSFER_MS });
}

/** Chunks no larger than a message may be. */
export async function* chunkMessages(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<{ chunk: Buffer }, void, undefined> {
  for await (const bytes of chunks) {
    for (let from = 0; from < bytes.length; from += CHUNK_MAX) yield { chunk: bytes.subarray(from, from + CHUNK_MAX) };
  }
}

interface Range {
  readonly first: bigint;
  /** Undefined: to the end. */
  readonly last: bigint | undefined;
}

/** One file, or the part of it that is asked for; several parts at once are answered with all of it, as HTTP allows. */
export async function download(
  tracking: TrackingClient,
  place: ArtifactPlace,
  request: HttpRequest,
  options: CallOptions,
): Promise<HttpReply> {
  const range = await rangeOf(tracking, place, request.header('range'), options);
  const length = range?.last === undefined ? 0n : range.last - range.first + 1n;
  const parts = open(tracking, place, range?.first ?? 0n, length, options);
  const first = await parts.next().catch((error: unknown) => {
    throw range && isPastEnd(error) ? unsatisfiable() : error;
  });
  const message = first.done === true ? undefined : first.value;
  const bytes = BigInt(message?.artifact?.bytes ?? '0');
  const name = (place.path || (place.owner.location ?? '')).split('/').at(-1) ?? '';
  const last = range?.last === undefined || range.last >= bytes ? bytes - 1n : range.last;
  const sent = range ? last - range.first + 1n : bytes;
  return {
    status: range ? 206 : 200,
    contentType: TYPES[/\.([A-Za-z]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream',
    headers: {
      'content-disposition': disposition(name),
      'content-length': sent.toString(),
      'accept-ranges': 'bytes',
      ...(message?.artifact && { etag: `"${message.artifact.sha256}"` }),
      ...(range && { 'content-range': `bytes ${range.first}-${last}/${bytes}` }),
    },
    body: bytesOf(message, parts),
  };
}

function open(
  tracking: TrackingClient,
  { owner, path }: ArtifactPlace,
  offset: bigint,
  length: bigint,
  options: CallOptions,
): AsyncIterator<DownloadArtifactResponse__Output> & AsyncIterable<DownloadArtifactResponse__Output> {
  const request = { owner, path, offset: offset.toString(), length: length.toString() };
  const parts = tracking.downloadArtifact(request, { ...options, timeoutMs: TRANSFER_MS });
  const iterator = parts[Symbol.asyncIterator]();
  return Object.assign(iterator, { [Symbol.asyncIterator]: () => iterator });
}

async function* bytesOf(
  first: DownloadArtifactResponse__Output | undefined,
  rest: AsyncIterable<DownloadArtifactResponse__Output>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first) yield first.chunk; // also when it is empty: headers go out with it
  for await (const { chunk } of rest) yield chunk;
}

/** @returns undefined for a header that asks for no range of bytes, or for several. */
async function rangeOf(
  tracking: TrackingClient,
  place: ArtifactPlace,
  header: string | undefined,
  options: CallOptions,
): Promise<Range | undefined> {
  const [, from = '', to = ''] = /^bytes=(\d{0,18})-(\d{0,18})$/.exec(header ?? '') ?? [];
  if (from !== '') {
    const range = { first: BigInt(from), last: to === '' ? undefined : BigInt(to) };
    return range.last !== undefined && range.last < range.first ? undefined : range;
  }
  if (to === '') return undefined;
  if (/^0+$/.test(to)) throw unsatisfiable();
  for await (const { artifact } of open(tracking, place, 0n, 1n, options)) {
    const bytes = BigInt(artifact?.bytes ?? '0');
    if (bytes === 0n) throw unsatisfiable();
    const wanted = BigInt(to);
    return { first: wanted > bytes ? 0n : bytes - wanted, last: undefined };
  }
  throw unsatisfiable();
}

const isPastEnd = (error: unknown): boolean =>
  error instanceof InvalidArgumentError &&
  (/OUT_OF_RANGE|RANGE_BEYOND_END/.test(error.reason) || error.violations.some(({ field }) => field === 'offset'));

const unsatisfiable = (): MlflowError =>
  new MlflowError(416, 'INVALID_PARAMETER_VALUE', 'The range begins after the end of the file.');

/** A name in plain ASCII for old readers, and as it is for others. @see https://www.rfc-editor.org/rfc/rfc6266 */
function disposition(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${encoded}`}`;
}
