import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Handlers } from '@slipway/platform';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { createRegisteredModel } from '../domain/use-cases/create-registered-model.ts';
import { deleteRegisteredModel } from '../domain/use-cases/delete-registered-model.ts';
import { getRegisteredModel } from '../domain/use-cases/get-registered-model.ts';
import { listRegisteredModels } from '../domain/use-cases/list-registered-models.ts';
import { renameRegisteredModel } from '../domain/use-cases/rename-registered-model.ts';
import { searchRegisteredModels } from '../domain/use-cases/search-registry.ts';
import { updateRegisteredModel } from '../domain/use-cases/update-registered-model.ts';
import { callOf, editOf, nextPageToken, pageOf, searchOf } from './from-proto.ts';
import { toModelMessage } from './to-proto.ts';

type ModelMethod = `${string}RegisteredModel${string}` & keyof RegistryService;

export const modelHandlers = (deps: RegistryDependencies): Pick<Handlers<RegistryService>, ModelMethod> => ({
  createRegisteredModel: async ({ name, description, tags, request_id: requestId }, context) => {
    const view = await createRegisteredModel(callOf(context), { name, description, tags, requestId }, deps);
    return { model: toModelMessage(view) };
  },
  getRegisteredModel: async ({ name }, context) => ({
    model: toModelMessage(await getRegisteredModel(callOf(context), { name }, deps)),
  }),
  listRegisteredModels: async (request, context) => {
    const query = { ...pageOf(request), orderBy: request.order_by };
    const page = await listRegisteredModels(callOf(context), query, deps);
    return { models: page.items.map(toModelMessage), ...nextPageToken(page) };
  },
  renameRegisteredModel: async ({ name, new_name: newName, request_id: requestId }, context) => ({
    model: toModelMessage(await renameRegisteredModel(callOf(context), { name, newName, requestId }, deps)),
  }),
  searchRegisteredModels: async (request, context) => {
    const page = await searchRegisteredModels(callOf(context), searchOf(request), deps);
    return { models: page.items.map(toModelMessage), ...nextPageToken(page) };
  },
  updateRegisteredModel: async (request, context) => {
    const edit = { name: request.name, ...editOf(request), requestId: request.request_id };
    return { model: toModelMessage(await updateRegisteredModel(callOf(context), edit, deps)) };
  },
  deleteRegisteredModel: async ({ name, with_aliases: withAliases, request_id: requestId }, context) => {
    await deleteRegisteredModel(callOf(context), { name, withAliases, requestId }, deps);
    return {};
  },
});
