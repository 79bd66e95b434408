import type { HttpRoute } from '@slipway/platform';
import { callOptions } from '../calls/call-options.ts';
import { download } from './artifact-transfer.ts';
import { downloadUri, locationOf, type UriSources } from './artifact-uri.ts';
import { guarded, type MlflowRoute } from './call-route.ts';
import { invalid } from './errors.ts';
import { Parameters } from './parameters.ts';
import { stageOf, versionJson, versionOf } from './registry-shapes.ts';
import { nextPage } from './shapes.ts';

const BASE = '/mlflow/model-versions';
const RESULTS_DEFAULT = 10_000;
const RESULTS_MAX = 200_000;
/** What the service gives at once; clients go on with the token. */
const PAGE_MAX = 10_000;

/** Reference: `/mlflow/model-versions`. */
export function modelVersionRoutes(sources: UriSources): MlflowRoute[] {
  const { registry } = sources;
  return [
    {
      method: 'POST',
      path: `${BASE}/create`,
      answer: async ({ parameters, options }) => {
        const request = {
          model: parameters.requiredText('name'),
          source: parameters.requiredText('source'),
          run_id: parameters.text('run_id'),
          run_link: parameters.text('run_link'),
          logged_model_id: parameters.text('model_id'),
          description: parameters.text('description'),
          tags: parameters.pairs('tags'),
        };
        const { version } = await registry.createModelVersionFromSource(request, options);
        return { model_version: version ? versionJson(version) : {} };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/get`,
      answer: async ({ parameters, options }) => {
        const request = { model: parameters.requiredText('name'), version: versionOf(parameters) };
        const { version } = await registry.getModelVersion(request, options);
        return { model_version: version ? versionJson(version) : {} };
      },
    },
    {
      method: 'PATCH',
      path: `${BASE}/update`,
      answer: async ({ parameters, options }) => {
        const request = {
          model: parameters.requiredText('name'),
          version: versionOf(parameters),
          ...(parameters.has('description') && { description: parameters.text('description') }),
        };
        const { version } = await registry.updateModelVersion(request, options);
        return { model_version: version ? versionJson(version) : {} };
      },
    },
    {
      method: 'POST',
      path: `${BASE}/transition-stage`,
      answer: async ({ parameters, options }) => {
        const request = {
          model: parameters.requiredText('name'),
          version: versionOf(parameters),
          stage: stageOf(parameters.requiredText('stage')),
          archive_existing: parameters.flag('archive_existing_versions'),
        };
        const { version } = await registry.transitionModelVersionStage(request, options);
        return { model_version: version ? versionJson(version) : {} };
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/delete`,
      answer: ({ parameters, options }) =>
        registry.deleteModelVersion(
          { model: parameters.requiredText('name'), version: versionOf(parameters), with_aliases: true },
          options,
        ),
    },
    ...versionSearchRoutes(sources),
    ...versionTagRoutes(sources),
  ];
}

function versionSearchRoutes(sources: UriSources): MlflowRoute[] {
  const { registry } = sources;
  return [
    {
      method: 'GET',
      path: `${BASE}/search`,
      answer: async ({ parameters, options }) => {
        const results = parameters.count('max_results', RESULTS_DEFAULT, RESULTS_MAX);
        const request = {
          filter: parameters.text('filter'),
          order_by: parameters.texts('order_by'),
          page_size: Math.min(results, PAGE_MAX),
          page_token: parameters.text('page_token'),
        };
        const page = await registry.searchModelVersions(request, options);
        return { model_versions: page.versions.map(versionJson), ...nextPage(page) };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/get-download-uri`,
      answer: async ({ parameters, options }) => {
        const [name, version] = [parameters.requiredText('name'), versionOf(parameters)];
        return { artifact_uri: await downloadUri(sources, name, version, options) };
      },
    },
  ];
}

function versionTagRoutes({ registry }: UriSources): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: `${BASE}/set-tag`,
      answer: async ({ parameters, options }) => {
        const set_tags = Object.fromEntries([[parameters.requiredText('key'), parameters.text('value')]]);
        const model = parameters.requiredText('name');
        await registry.updateModelVersion({ model, version: versionOf(parameters), set_tags }, options);
        return {};
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/delete-tag`,
      answer: async ({ parameters, options }) => {
        const remove_tags = [parameters.requiredText('key')];
        const model = parameters.requiredText('name');
        await registry.updateModelVersion({ model, version: versionOf(parameters), remove_tags }, options);
        return {};
      },
    },
  ];
}

/** `/model-versions/get-artifact`: one file of a version whose files are kept here. */
export function versionArtifactRoute(sources: UriSources): HttpRoute {
  return guarded({
    method: 'GET',
    path: '/model-versions/get-artifact',
    permission: 'authenticated',
    handle: async (request) => {
      const parameters = Parameters.ofQuery(request.query);
      const [name, path] = [parameters.requiredText('name'), parameters.requiredText('path')];
      const options = callOptions(request);
      const location = locationOf(await downloadUri(sources, name, versionOf(parameters), options));
      if (location === undefined) throw invalid('The files of this version are not kept here.');
      return download(sources.tracking, { owner: { location }, path }, request, options);
    },
  });
}
