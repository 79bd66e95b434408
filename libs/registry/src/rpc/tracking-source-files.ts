import type { Client } from '@slipway/clients';
import type { ArtifactOwner, TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { SourceOwner } from '../domain/source/model-source.ts';
import type { SourceFile, SourceFiles, SourceFolder } from '../domain/source/source-files.ts';

/** The calls of tracking's client that the registry makes. */
export type TrackingCalls = Pick<Client<TrackingService>, 'listArtifacts' | 'downloadArtifact'>;

const PAGE_SIZE = 1000;
/** Deeper folders than these are in no package. */
const DEPTH_MAX = 32;

function ownerOf(owner: SourceOwner): ArtifactOwner {
  if ('runId' in owner) return { run_id: owner.runId };
  return 'modelId' in owner ? { model_id: owner.modelId } : { location: owner.location };
}

const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/');

/** Artifacts of tracking as sources of versions, over its client. */
export function trackingSourceFiles(tracking: TrackingCalls): SourceFiles {
  return {
    list: (folder, signal) => listFolder(tracking, folder, '', signal),
    async *read({ workspace, owner, path }, file, signal) {
      const request = { owner: ownerOf(owner), path: join(path, file) };
      for await (const { chunk } of tracking.downloadArtifact(request, { workspace, signal })) {
        if (chunk.length > 0) yield chunk;
      }
    },
  };
}

/** @param below the part of the path that is below the folder. */
async function* listFolder(
  tracking: TrackingCalls,
  folder: SourceFolder,
  below: string,
  signal: AbortSignal,
): AsyncGenerator<SourceFile, void, undefined> {
  if (below.split('/').length > DEPTH_MAX) return;
  const path = join(folder.path, below);
  let page_token = '';
  do {
    const request = { owner: ownerOf(folder.owner), path, page_size: PAGE_SIZE, page_token };
    const page = await tracking.listArtifacts(request, { workspace: folder.workspace, signal });
    for (const artifact of page.artifacts) {
      const name = artifact.path.slice(artifact.path.lastIndexOf('/') + 1);
      const inside = join(below, name);
      if (artifact.is_directory) yield* listFolder(tracking, folder, inside, signal);
      else yield { path: inside, bytes: Number(artifact.bytes), sha256: artifact.sha256 };
    }
    page_token = page.next_page_token;
  } while (page_token !== '');
}
