import type { TrackingService, UploadArtifactPartRequest__Output } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import type { StoredPart } from '../domain/multipart.ts';
import type { UploadMessage } from '../domain/upload-stream.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listUploadParts,
  uploadPart,
  type PartHeader,
} from '../domain/use-cases/multipart-uploads.ts';
import { namedArtifactOf } from './artifact-from-proto.ts';
import { callOf } from './from-proto.ts';
import { toArtifactMessage } from './to-proto.ts';

type MultipartMethod =
  | 'createMultipartUpload'
  | 'uploadArtifactPart'
  | 'listUploadParts'
  | 'completeMultipartUpload'
  | 'abortMultipartUpload';

const toPartMessage = ({ part, bytes, sha256 }: StoredPart) => ({ part, bytes: bytes.toString(), sha256 });

/** Leaving the iteration ends the call's. */
async function* partMessages(
  requests: AsyncIterable<UploadArtifactPartRequest__Output>,
): AsyncGenerator<UploadMessage<PartHeader>, void, undefined> {
  for await (const { content, header, chunk } of requests) {
    if (content === 'chunk' && chunk) yield { kind: 'chunk', bytes: chunk };
    else if (content === 'header' && header) {
      const { upload_id: uploadId, part, sha256 } = header;
      yield { kind: 'header', header: { uploadId, part, sha256 } };
    } else yield { kind: 'nothing' };
  }
}

export const multipartHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, MultipartMethod> => ({
  createMultipartUpload: async (request, context) => {
    const { parts, request_id: requestId } = request;
    const draft = { ...namedArtifactOf(request), parts, requestId };
    const { uploadId, expireTime } = await createMultipartUpload(callOf(context), draft, deps);
    return { upload_id: uploadId, expire_time: expireTime.toString() };
  },
  uploadArtifactPart: async (requests, context) => ({
    part: toPartMessage(await uploadPart(callOf(context), partMessages(requests), deps, context.signal)),
  }),
  listUploadParts: async ({ upload_id: uploadId }, context) => ({
    parts: (await listUploadParts(callOf(context), { uploadId }, deps, context.signal)).map(toPartMessage),
  }),
  completeMultipartUpload: async ({ upload_id: uploadId, parts }, context) => ({
    artifact: toArtifactMessage(
      await completeMultipartUpload(callOf(context), { uploadId, parts }, deps, context.signal),
    ),
  }),
  abortMultipartUpload: async ({ upload_id: uploadId }, context) => {
    await abortMultipartUpload(callOf(context), { uploadId }, deps, context.signal);
    return {};
  },
});
