import { NotFoundError } from '@slipway/kernel';
import type { RegisteredModel__Output } from '@slipway/contracts/slipway.registry.v1';
import type { CallOptions } from '@slipway/clients';
import type { MlflowRoute, RegistryClient } from './call-route.ts';
import { invalid } from './errors.ts';
import { latestVersions } from './latest-versions.ts';
import { modelJson, newestByStage, stageOf, STAGES, versionJson, versionOf } from './registry-shapes.ts';
import { nextPage } from './shapes.ts';

const BASE = '/mlflow/registered-models';
const RESULTS_DEFAULT = 100;
const RESULTS_MAX = 1_000;
const ALL_STAGES = Object.values(STAGES);

/** Reference: `/mlflow/registered-models`. */
export function registeredModelRoutes(registry: RegistryClient): MlflowRoute[] {
  const search: MlflowRoute['answer'] = async ({ parameters, options }) => {
    const request = {
      filter: parameters.text('filter'),
      order_by: parameters.texts('order_by'),
      page_size: parameters.count('max_results', RESULTS_DEFAULT, RESULTS_MAX),
      page_token: parameters.text('page_token'),
    };
    const page = await registry.searchRegisteredModels(request, options);
    const models: object[] = [];
    for (const model of page.models) models.push(await withVersions(registry, model, options));
    return { registered_models: models, ...nextPage(page) };
  };
  return [
    {
      method: 'POST',
      path: `${BASE}/create`,
      answer: async ({ parameters, options }) => {
        const request = {
          name: parameters.requiredText('name'),
          description: parameters.text('description'),
          tags: parameters.pairs('tags'),
        };
        const { model } = await registry.createRegisteredModel(request, options);
        return { registered_model: model ? modelJson(model, []) : {} };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/get`,
      answer: async ({ parameters, options }) => {
        const { model } = await registry.getRegisteredModel({ name: parameters.requiredText('name') }, options);
        return { registered_model: model ? await withVersions(registry, model, options) : {} };
      },
    },
    {
      method: 'POST',
      path: `${BASE}/rename`,
      answer: async ({ parameters, options }) => {
        const request = { name: parameters.requiredText('name'), new_name: parameters.requiredText('new_name') };
        const { model } = await registry.renameRegisteredModel(request, options);
        return { registered_model: model ? await withVersions(registry, model, options) : {} };
      },
    },
    {
      method: 'PATCH',
      path: `${BASE}/update`,
      answer: async ({ parameters, options }) => {
        const name = parameters.requiredText('name');
        const request = { name, ...(parameters.has('description') && { description: parameters.text('description') }) };
        const { model } = await registry.updateRegisteredModel(request, options);
        return { registered_model: model ? await withVersions(registry, model, options) : {} };
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/delete`,
      answer: ({ parameters, options }) =>
        registry.deleteRegisteredModel({ name: parameters.requiredText('name'), with_aliases: true }, options),
    },
    { method: 'GET', path: `${BASE}/search`, answer: search },
    ...latestVersionRoutes(registry),
    ...modelTagRoutes(registry),
    ...aliasRoutes(registry),
  ];
}

async function withVersions(
  registry: RegistryClient,
  model: RegisteredModel__Output,
  options: CallOptions,
): Promise<object> {
  if (model.last_version === '0') return modelJson(model, []);
  const { versions } = await registry.listModelVersions({ model: model.name, order_by: 'version desc' }, options);
  return modelJson(model, newestByStage(versions));
}

function latestVersionRoutes(registry: RegistryClient): MlflowRoute[] {
  const answer: MlflowRoute['answer'] = async ({ parameters, options }) => {
    const name = parameters.requiredText('name');
    const stages = parameters.texts('stages').map(stageOf);
    const versions = await latestVersions(registry, name, stages.length === 0 ? ALL_STAGES : stages, options);
    return { model_versions: versions.map(versionJson) };
  };
  return [
    { method: 'GET', path: `${BASE}/get-latest-versions`, answer },
    { method: 'POST', path: `${BASE}/get-latest-versions`, answer },
  ];
}

function modelTagRoutes(registry: RegistryClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: `${BASE}/set-tag`,
      answer: async ({ parameters, options }) => {
        const set_tags = Object.fromEntries([[parameters.requiredText('key'), parameters.text('value')]]);
        await registry.updateRegisteredModel({ name: parameters.requiredText('name'), set_tags }, options);
        return {};
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/delete-tag`,
      answer: async ({ parameters, options }) => {
        const remove_tags = [parameters.requiredText('key')];
        await registry.updateRegisteredModel({ name: parameters.requiredText('name'), remove_tags }, options);
        return {};
      },
    },
  ];
}

function aliasRoutes(registry: RegistryClient): MlflowRoute[] {
  return [
    {
      method: 'POST',
      path: `${BASE}/alias`,
      answer: async ({ parameters, options }) => {
        const alias = parameters.requiredText('alias');
        if (/^(latest|v\d+)$/i.test(alias)) throw invalid(`'${alias}' alias name is reserved.`);
        const request = { model: parameters.requiredText('name'), alias, version: versionOf(parameters) };
        await registry.moveAlias(request, options);
        return {};
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/alias`,
      answer: async ({ parameters, options }) => {
        const request = { model: parameters.requiredText('name'), alias: parameters.requiredText('alias') };
        await registry.deleteAlias(request, options).catch((error: unknown) => {
          if (!isUnknownAlias(error)) throw error;
        });
        return {};
      },
    },
    {
      method: 'GET',
      path: `${BASE}/alias`,
      answer: async ({ parameters, options }) => {
        const [model, alias] = [parameters.requiredText('name'), parameters.requiredText('alias')];
        if (alias.toLowerCase() === 'latest') return newestVersion(registry, model, options);
        const found = await registry.getModelVersion({ model, alias }, options).catch((error: unknown) => {
          throw isUnknownAlias(error) ? invalid(`Registered model alias ${alias} not found.`) : error;
        });
        return { model_version: found.version ? versionJson(found.version) : {} };
      },
    },
  ];
}

const isUnknownAlias = (error: unknown): boolean =>
  error instanceof NotFoundError && error.reason === 'MODEL_ALIAS_NOT_FOUND';

async function newestVersion(registry: RegistryClient, model: string, options: CallOptions): Promise<object> {
  const { versions } = await registry.listModelVersions({ model, order_by: 'version desc', page_size: 1 }, options);
  const [newest] = versions;
  if (!newest) throw invalid('Registered model alias latest not found.');
  return { model_version: versionJson(newest) };
}
