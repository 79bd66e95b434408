import type { HttpRequest, HttpReply, HttpRoute } from '@slipway/platform';
import { callOptions } from '../calls/call-options.ts';
import { chunkMessages, TRANSFER_MS } from './artifact-transfer.ts';
import { guarded, PREFIXES, type TrackingClient } from './call-route.ts';
import { invalid } from './errors.ts';
import { Parameters } from './parameters.ts';
import { assertJsonType, readBody } from './wire.ts';

const PARTS_MAX = 10_000;
const PART_BYTES_MAX = 5 * 1024 ** 3; // as large as the parts of any store
const JSON_BYTES_MAX = 16 * 1024 * 1024;

/** What comes before the path of a request to us, as clients know it. */
type Origin = (request: HttpRequest) => string;

/** @param publicUrl where clients reach us; empty: the host that they asked for, without TLS. */
export const originOf =
  (publicUrl: string): Origin =>
  (request) => {
    if (publicUrl !== '') return publicUrl.replace(/\/+$/, '');
    const host = request.header('host');
    if (host === undefined) throw invalid('The request names no host to send the parts to.');
    return `http://${host}`;
  };

/** Uploads in parts through the proxy: the address of each part is one of ours, and whoever sends it shows the token of the one who asked. */
export function multipartRoutes(tracking: TrackingClient, origin: Origin): HttpRoute[] {
  const create = async (request: HttpRequest, parameters: Parameters): Promise<HttpReply> => {
    const parts = parameters.count('num_parts', 0, PARTS_MAX);
    if (parts === 0) throw parameters.missing('num_parts');
    const name = parameters.requiredText('path').split('/').at(-1) ?? '';
    const owner = { location: `${request.param('folder')}/${name}` };
    const { upload_id } = await tracking.createMultipartUpload({ owner, path: '', parts }, callOptions(request));
    const url = `${origin(request)}/api/2.0/mlflow-artifacts/mpu/parts/${encodeURIComponent(upload_id)}`;
    const headers = credentialsOf(request);
    const numbers = Array.from({ length: parts }, (_, at) => at + 1);
    const credentials = numbers.map((part_number) => ({ url: `${url}/${part_number}`, part_number, headers }));
    return { json: { upload_id, credentials } };
  };
  const complete = async (request: HttpRequest, parameters: Parameters): Promise<HttpReply> => {
    const parts = parameters
      .objects('parts')
      .map((part) => ({
        part: Number(part.requiredInteger('part_number')),
        sha256: part.requiredText('etag').replace(/^"|"$/g, ''),
      }))
      .sort((one, other) => one.part - other.part);
    const upload_id = parameters.requiredText('upload_id');
    await tracking.completeMultipartUpload({ upload_id, parts }, { ...callOptions(request), timeoutMs: TRANSFER_MS });
    return { json: {} };
  };
  const abort = async (request: HttpRequest, parameters: Parameters): Promise<HttpReply> => {
    await tracking.abortMultipartUpload({ upload_id: parameters.requiredText('upload_id') }, callOptions(request));
    return { json: {} };
  };
  const steps = { create, complete, abort };
  const routes = PREFIXES.flatMap((prefix) =>
    Object.entries(steps).map(([step, answer]): HttpRoute => ({
      method: 'POST',
      path: `${prefix}/2.0/mlflow-artifacts/mpu/${step}/*folder`,
      permission: 'authenticated',
      body: 'bytes',
      bodyBytesMax: JSON_BYTES_MAX,
      timeoutMs: TRANSFER_MS,
      handle: (request) => {
        assertJsonType(request);
        return answer(request, Parameters.ofJson(readBody(request.body)));
      },
    })),
  );
  return [...routes, partRoute(tracking)].map(guarded);
}

function partRoute(tracking: TrackingClient): HttpRoute {
  return {
    method: 'PUT',
    path: '/api/2.0/mlflow-artifacts/mpu/parts/:upload/:part',
    permission: 'authenticated',
    body: 'stream',
    bodyBytesMax: PART_BYTES_MAX,
    timeoutMs: TRANSFER_MS,
    handle: async (request) => {
      const number = request.param('part');
      if (!/^[1-9]\d{0,4}$/.test(number)) throw invalid(`Invalid part number, it must be within 1..${PARTS_MAX}.`);
      const header = { upload_id: request.param('upload'), part: Number(number) };
      async function* messages() {
        yield { header };
        yield* chunkMessages(request.chunks());
      }
      const options = { ...callOptions(request), timeoutMs: TRANSFER_MS };
      const { part } = await tracking.uploadArtifactPart(messages(), options);
      return { headers: { etag: `"${part?.sha256 ?? ''}"` }, body: '' };
    },
  };
}

/** What the client is to send with a part: it sends nothing of its own there. It is the caller's, and goes back to him alone. */
function credentialsOf(request: HttpRequest): Record<string, string> {
  const names = ['authorization', 'slipway-workspace', 'x-mlflow-workspace'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.header(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
