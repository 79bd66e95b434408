import type { DownloadModelVersionResponse, RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Handlers } from '@slipway/platform';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { createModelVersion } from '../domain/use-cases/create-model-version.ts';
import { createVersionFromSource } from '../domain/use-cases/create-version-from-source.ts';
import { deleteModelVersion } from '../domain/use-cases/delete-model-version.ts';
import { downloadModelVersion, type DownloadPart } from '../domain/use-cases/download-model-version.ts';
import { getModelVersion } from '../domain/use-cases/get-model-version.ts';
import { listModelVersions } from '../domain/use-cases/list-model-versions.ts';
import { searchModelVersions } from '../domain/use-cases/search-registry.ts';
import { transitionStage } from '../domain/use-cases/transition-stage.ts';
import { updateModelVersion } from '../domain/use-cases/update-model-version.ts';
import { callOf, editOf, nextPageToken, pageOf, searchOf, selectorOf, stageOf, uploadParts } from './from-proto.ts';
import { toVersionMessage } from './to-proto.ts';

type VersionMethod = Exclude<
  Extract<keyof RegistryService, `${string}ModelVersion${string}`>,
  'approveModelVersion' | 'rejectModelVersion'
>;

export const versionHandlers = (deps: RegistryDependencies): Pick<Handlers<RegistryService>, VersionMethod> => ({
  createModelVersion: async (requests, context) => {
    const view = await createModelVersion(callOf(context), uploadParts(requests), deps, context.signal);
    return { version: toVersionMessage(view) };
  },
  createModelVersionFromSource: async (request, context) => {
    const view = await createVersionFromSource(
      callOf(context),
      {
        model: request.model,
        source: request.source,
        runId: request.run_id,
        runLink: request.run_link,
        loggedModelId: request.logged_model_id,
        description: request.description,
        tags: request.tags,
        userId: request.user_id,
        requestId: request.request_id,
      },
      deps,
      context.signal,
    );
    return { version: toVersionMessage(view) };
  },
  getModelVersion: async (request, context) => {
    const query = { model: request.model, selector: selectorOf(request) };
    return { version: toVersionMessage(await getModelVersion(callOf(context), query, deps)) };
  },
  listModelVersions: async (request, context) => {
    const query = { ...pageOf(request), model: request.model, orderBy: request.order_by };
    const page = await listModelVersions(callOf(context), query, deps);
    return { versions: page.items.map(toVersionMessage), ...nextPageToken(page) };
  },
  searchModelVersions: async (request, context) => {
    const page = await searchModelVersions(callOf(context), searchOf(request), deps);
    return { versions: page.items.map(toVersionMessage), ...nextPageToken(page) };
  },
  transitionModelVersionStage: async (request, context) => {
    const { model, archive_existing: archiveExisting, request_id: requestId } = request;
    const transition = { model, version: BigInt(request.version), stage: stageOf(request.stage), archiveExisting };
    return { version: toVersionMessage(await transitionStage(callOf(context), { ...transition, requestId }, deps)) };
  },
  updateModelVersion: async (request, context) => {
    const version = BigInt(request.version);
    const edit = { model: request.model, version, ...editOf(request), requestId: request.request_id };
    return { version: toVersionMessage(await updateModelVersion(callOf(context), edit, deps)) };
  },
  deleteModelVersion: async ({ model, version, with_aliases: withAliases, request_id: requestId }, context) => {
    await deleteModelVersion(callOf(context), { model, version: BigInt(version), withAliases, requestId }, deps);
    return {};
  },
  downloadModelVersion: async function* (request, context) {
    const query = { model: request.model, selector: selectorOf(request) };
    for await (const part of downloadModelVersion(callOf(context), query, deps, context.signal)) {
      yield toDownloadMessage(part);
    }
  },
});

function toDownloadMessage(part: DownloadPart): DownloadModelVersionResponse {
  if (part.kind === 'envelope') return { envelope_json: part.json };
  return part.kind === 'file' ? { file: { path: part.path } } : { chunk: part.bytes };
}
