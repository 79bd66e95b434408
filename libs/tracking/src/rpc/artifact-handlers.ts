import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { downloadArtifact, listArtifacts } from '../domain/use-cases/read-artifacts.ts';
import { uploadArtifact } from '../domain/use-cases/upload-artifact.ts';
import { callOf, nextPageToken, pageOf, uploadParts } from './from-proto.ts';
import { toArtifactMessage } from './to-proto.ts';

type ArtifactMethod = Extract<keyof TrackingService, `${string}Artifact${string}`>;

const PAGE_SIZE_DEFAULT = 1_000;

export const artifactHandlers = (deps: TrackingDependencies): Pick<Handlers<TrackingService>, ArtifactMethod> => ({
  uploadArtifact: async (requests, context) => ({
    artifact: toArtifactMessage(await uploadArtifact(callOf(context), uploadParts(requests), deps, context.signal)),
  }),
  downloadArtifact: async function* ({ run_id: runId, path }, context) {
    for await (const chunk of downloadArtifact(callOf(context), { runId, path }, deps, context.signal)) {
      yield { chunk: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) };
    }
  },
  listArtifacts: async (request, context) => {
    const query = { runId: request.run_id, path: request.path, ...pageOf(request, PAGE_SIZE_DEFAULT) };
    const page = await listArtifacts(callOf(context), query, deps, context.signal);
    return { artifacts: page.items.map(toArtifactMessage), ...nextPageToken(page) };
  },
});
