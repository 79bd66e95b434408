import type { CallOptions } from '@slipway/clients';
import type { Artifact__Output } from '@slipway/contracts/slipway.tracking.v1';
import { NotFoundError } from '@slipway/kernel';
import type { HttpRequest, HttpRoute } from '@slipway/platform';
import { callOptions } from '../calls/call-options.ts';
import { download, TRANSFER_MS, upload, type ArtifactPlace } from './artifact-transfer.ts';
import { guarded, PREFIXES, type MlflowRoute, type TrackingClient } from './call-route.ts';
import { Parameters } from './parameters.ts';
import { runIdOf } from './run-routes.ts';
import { nextPage } from './shapes.ts';
import { integerJson } from './wire.ts';

const PAGE_SIZE = 1_000;
/** As large as anything may be; the service has a bound of its own. */
const UPLOAD_BYTES_MAX = 1_099_511_627_776;
const UI_UPLOAD_BYTES_MAX = 10 * 1024 * 1024;

export const fileJson = (file: Artifact__Output, path = file.path): object => ({
  path,
  is_dir: file.is_directory,
  ...(!file.is_directory && { file_size: integerJson(file.bytes) }),
});

/** Reference: `/mlflow/artifacts/list`. */
export function artifactRoutes(tracking: TrackingClient): MlflowRoute[] {
  return [
    {
      method: 'GET',
      path: '/mlflow/artifacts/list',
      answer: async ({ parameters, options }) => {
        const run_id = runIdOf(parameters);
        const [page, { run }] = await Promise.all([
          tracking.listArtifacts(
            { run_id, path: folderOf(parameters.text('path')), page_token: parameters.text('page_token') },
            options,
          ),
          tracking.getRun({ run_id }, options),
        ]);
        return {
          root_uri: run?.artifact_uri,
          files: page.artifacts.map((file) => fileJson(file)),
          ...nextPage(page),
        };
      },
    },
  ];
}

/** Clients write folders with a slash at the end, too. */
export const folderOf = (path: string): string => path.replace(/\/+$/, '');

/** Everything directly below a location; names alone, as the proxy's clients want them. A place where nothing is has no files. */
async function listLocation(tracking: TrackingClient, location: string, options: CallOptions): Promise<object[]> {
  const files: object[] = [];
  let page_token = '';
  do {
    const request = { owner: { location }, page_size: PAGE_SIZE, page_token };
    const page = await tracking.listArtifacts(request, options).catch((error: unknown) => {
      if (error instanceof NotFoundError && error.reason === 'ARTIFACT_NOT_FOUND')
        return { artifacts: [], next_page_token: '' };
      throw error;
    });
    files.push(...page.artifacts.map((file) => fileJson(file, file.path.split('/').at(-1))));
    page_token = page.next_page_token;
  } while (page_token !== '');
  return files;
}

/** The proxy of `mlflow-artifacts:/`, and addresses at which people and pages get single files. */
export function artifactProxyRoutes(tracking: TrackingClient): HttpRoute[] {
  const routes = PREFIXES.flatMap((prefix): HttpRoute[] => {
    const base = `${prefix}/2.0/mlflow-artifacts/artifacts`;
    const place = (request: HttpRequest): ArtifactPlace => ({ owner: { location: request.param('path') }, path: '' });
    return [
      {
        method: 'GET',
        path: base,
        permission: 'authenticated',
        handle: async (request) => {
          const location = folderOf(Parameters.ofQuery(request.query).text('path'));
          return { json: { files: await listLocation(tracking, location, callOptions(request)) } };
        },
      },
      {
        method: 'GET',
        path: `${base}/*path`,
        permission: 'authenticated',
        handle: (request) => download(tracking, place(request), request, callOptions(request)),
      },
      {
        method: 'PUT',
        path: `${base}/*path`,
        permission: 'authenticated',
        body: 'stream',
        bodyBytesMax: UPLOAD_BYTES_MAX,
        timeoutMs: TRANSFER_MS,
        handle: async (request) => {
          await upload(tracking, place(request), request, callOptions(request));
          return { json: {} };
        },
      },
      {
        method: 'DELETE',
        path: `${base}/*path`,
        permission: 'authenticated',
        handle: async (request) => {
          await tracking.deleteArtifacts(place(request), callOptions(request));
          return { json: {} };
        },
      },
      {
        method: 'POST',
        path: `${prefix}/2.0/mlflow/upload-artifact`,
        permission: 'authenticated',
        body: 'stream',
        bodyBytesMax: UI_UPLOAD_BYTES_MAX,
        handle: async (request) => {
          const parameters = Parameters.ofQuery(request.query);
          const file = { owner: { run_id: runIdOf(parameters) }, path: parameters.requiredText('path') };
          await upload(tracking, file, request, callOptions(request));
          return { json: {} };
        },
      },
    ];
  });
  const single: HttpRoute = {
    method: 'GET',
    path: '/get-artifact',
    permission: 'authenticated',
    handle: (request) => {
      const parameters = Parameters.ofQuery(request.query);
      const file = { owner: { run_id: runIdOf(parameters) }, path: parameters.requiredText('path') };
      return download(tracking, file, request, callOptions(request));
    },
  };
  return [...routes, single].map(guarded);
}
