import type { CallOptions } from '@slipway/clients';
import type { RegistryClient, TrackingClient } from './call-route.ts';
import { invalid } from './errors.ts';

const HOPS_MAX = 8;
const PROXY_SCHEME = 'mlflow-artifacts:/';

/** Services that know where files are; the registry is asked for versions that were made of versions. */
export interface UriSources {
  readonly tracking: TrackingClient;
  readonly registry: RegistryClient;
}

/**
 * Where the files of a version are: what a client can open. `runs:`, `models:/m-…` and `models:/name/version` are followed.
 * @throws {MlflowError} when the version has no source, or one that leads in a circle.
 */
export async function downloadUri(
  { tracking, registry }: UriSources,
  model: string,
  version: string,
  options: CallOptions,
): Promise<string> {
  const sourceOf = async (name: string, number: string): Promise<string> => {
    const found = await registry.getModelVersion({ model: name, version: number }, options);
    const source = found.version?.source ?? '';
    if (source === '')
      throw invalid(`Version ${number} of model ${name} was uploaded to the registry; download it from there.`);
    return source;
  };
  let uri = await sourceOf(model, version);
  for (let hop = 0; hop < HOPS_MAX; hop += 1) {
    const [, runId, path = ''] = /^runs:\/+([^/]+)(?:\/(.*))?$/.exec(uri) ?? [];
    const modelId = /^models:\/+(m-[0-9a-f]{32})$/.exec(uri)?.[1];
    const [, name, number] = /^models:\/+([^/]+)\/(\d{1,18})$/.exec(uri) ?? [];
    if (runId !== undefined) {
      const { run } = await tracking.getRun({ run_id: runId }, options);
      uri = [run?.artifact_uri ?? '', path].filter((part) => part !== '').join('/');
    } else if (modelId !== undefined) {
      uri = (await tracking.getLoggedModel({ model_id: modelId }, options)).model?.artifact_uri ?? '';
    } else if (name !== undefined && number !== undefined) uri = await sourceOf(name, number);
    else return uri;
  }
  throw invalid(`The source of version ${version} of model ${model} leads in a circle.`);
}

/** The location that tracking knows, undefined for files that are elsewhere. */
export const locationOf = (uri: string): string | undefined =>
  uri.startsWith(PROXY_SCHEME) ? uri.slice(PROXY_SCHEME.length).replace(/^\/+/, '') : undefined;
