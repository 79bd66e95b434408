import { checkedPath, ownLocation, readLocation, type LocationReading } from './artifact-location.ts';
import { artifactsElsewhere, artifactLocationNotFound, loggedModelNotFound, runNotActive } from './errors.ts';
import type { LoggedModel } from './logged-model.ts';
import { findLoggedModel, findRun } from './lookup.ts';
import type { Run } from './run.ts';
import type { TrackingReads } from './unit-of-work.ts';

/** Whose artifacts, as a caller says it. */
export type ArtifactOwner =
  | { readonly kind: 'run' | 'model'; readonly id: string }
  /** The path of an artifact URI of ours after its scheme; may go on below the artifacts. */
  | { readonly kind: 'location'; readonly location: string };

/** A run or a logged model, as the place of its artifacts. */
export interface ArtifactHome {
  readonly kind: 'run' | 'model';
  readonly id: string;
  readonly experimentId: bigint;
  readonly deleted: boolean;
  /** As audit rows name it. */
  readonly resource: string;
}

/** One file or folder. */
export interface ArtifactPlace {
  readonly home: ArtifactHome;
  /** Below the artifacts of its home, in its one form; empty for all of them. */
  readonly path: string;
}

/** What a call names. */
export interface NamedArtifact {
  readonly owner: ArtifactOwner;
  /** Below the location of the owner; empty for that itself. */
  readonly path: string;
}

/**
 * Where the files are that a call names. This is the only way to a place, so that nothing outside of a run or model of the caller's workspace can be
 * meant: neither by a path, which is taken in its one form only, nor by a location, which must be that of the run or model that it names.
 * @throws {NotFoundError} reason RUN_NOT_FOUND, LOGGED_MODEL_NOT_FOUND or ARTIFACT_LOCATION_NOT_FOUND.
 * @throws {InvalidArgumentError} reason ARTIFACT_PATH_INVALID. @throws {FailedPreconditionError} reason ARTIFACTS_ELSEWHERE.
 */
export async function findPlace(reads: TrackingReads, { owner, path }: NamedArtifact): Promise<ArtifactPlace> {
  if (path !== '') checkedPath('path', path);
  if (owner.kind !== 'location') {
    const found = await findOwner(reads, owner);
    if (ownLocation(found.artifactUri) === undefined) throw artifactsElsewhere(found.home.resource, found.artifactUri);
    return { home: found.home, path };
  }
  for (const reading of readLocation(owner.location)) {
    const home = await homeAt(reads, reading);
    if (!home) continue;
    const segments = [reading.below, path].filter((part) => part !== '').join('/');
    return { home, path: segments === '' ? '' : checkedPath('path', segments) };
  }
  throw artifactLocationNotFound(owner.location);
}

interface FoundOwner {
  readonly home: ArtifactHome;
  readonly artifactUri: string;
}

async function findOwner(
  reads: TrackingReads,
  { kind, id }: { readonly kind: 'run' | 'model'; readonly id: string },
): Promise<FoundOwner> {
  return kind === 'run' ? runHome(await findRun(reads, id)) : modelHome(await findLoggedModel(reads, id));
}

const runHome = ({ runId: id, experimentId, deleted, artifactUri }: Run): FoundOwner => ({
  artifactUri,
  home: { kind: 'run', id, experimentId, deleted, resource: `experiments/${experimentId}/runs/${id}` },
});

const modelHome = ({ modelId: id, experimentId, deletedTime, artifactUri }: LoggedModel): FoundOwner => {
  const deleted = deletedTime !== undefined;
  return {
    artifactUri,
    home: { kind: 'model', id, experimentId, deleted, resource: `experiments/${experimentId}/models/${id}` },
  };
};

async function homeAt(reads: TrackingReads, { kind, id, root }: LocationReading): Promise<ArtifactHome | undefined> {
  const found = await (kind === 'run'
    ? reads.runs.get(id).then((run) => run && runHome(run))
    : reads.models.get(id).then((model) => model && modelHome(model)));
  if (!found || ownLocation(found.artifactUri) !== root) return undefined;
  if (kind === 'model' && found.home.deleted) throw loggedModelNotFound(id);
  return found.home;
}

/** What is deleted takes no files. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. @throws {NotFoundError} reason LOGGED_MODEL_NOT_FOUND. */
export function assertTakesFiles({ kind, id, deleted }: ArtifactHome): void {
  if (!deleted) return;
  throw kind === 'run' ? runNotActive(id) : loggedModelNotFound(id);
}
