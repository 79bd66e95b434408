import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { deleteArtifacts } from '../domain/use-cases/delete-artifacts.ts';
import { downloadArtifact, listArtifacts } from '../domain/use-cases/read-artifacts.ts';
import { uploadArtifact } from '../domain/use-cases/upload-artifact.ts';
import { namedArtifactOf, rangeOf, uploadMessages } from './artifact-from-proto.ts';
import { callOf, nextPageToken, pageOf } from './from-proto.ts';
import { toArtifactMessage } from './to-proto.ts';

type ArtifactMethod = 'uploadArtifact' | 'downloadArtifact' | 'listArtifacts' | 'deleteArtifacts';

const PAGE_SIZE_DEFAULT = 1_000;

export const artifactHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, ArtifactMethod> => ({
  uploadArtifact: async (requests, context) => ({
    artifact: toArtifactMessage(await uploadArtifact(callOf(context), uploadMessages(requests), deps, context.signal)),
  }),
  downloadArtifact: async function* (request, context) {
    const wanted = { ...namedArtifactOf(request), range: rangeOf(request) };
    const { file, content } = await downloadArtifact(callOf(context), wanted, deps, context.signal);
    yield { artifact: toArtifactMessage(file) };
    for await (const chunk of content) yield { chunk: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) };
  },
  listArtifacts: async (request, context) => {
    const query = { ...namedArtifactOf(request), ...pageOf(request, PAGE_SIZE_DEFAULT) };
    const page = await listArtifacts(callOf(context), query, deps, context.signal);
    return { artifacts: page.items.map(toArtifactMessage), ...nextPageToken(page) };
  },
  deleteArtifacts: async (request, context) => {
    const files = await deleteArtifacts(callOf(context), namedArtifactOf(request), deps, context.signal);
    return { files };
  },
});
