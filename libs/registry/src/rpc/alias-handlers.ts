import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Handlers } from '@slipway/platform';
import type { RegistryDependencies } from '../domain/dependencies.ts';
import { deleteAlias } from '../domain/use-cases/delete-alias.ts';
import { listAliases } from '../domain/use-cases/list-aliases.ts';
import { listAliasMoves } from '../domain/use-cases/list-alias-moves.ts';
import { moveAlias } from '../domain/use-cases/move-alias.ts';
import { rollBackAlias } from '../domain/use-cases/roll-back-alias.ts';
import { callOf, nextPageToken, optionalInt64, pageOf } from './from-proto.ts';
import { toAliasMessage, toAliasMoveMessage } from './to-proto.ts';

type AliasMethod = 'moveAlias' | 'rollBackAlias' | 'deleteAlias' | 'listAliases' | 'listAliasMoves';

export const aliasHandlers = (deps: RegistryDependencies): Pick<Handlers<RegistryService>, AliasMethod> => ({
  moveAlias: async (request, context) => {
    const { model, alias, request_id: requestId } = request;
    const expectedRevision = optionalInt64(request.expected_revision);
    const move = { model, alias, version: BigInt(request.version), expectedRevision, requestId };
    return { alias: toAliasMessage(await moveAlias(callOf(context), move, deps)) };
  },
  rollBackAlias: async (request, context) => {
    const { model, alias, request_id: requestId } = request;
    const expectedRevision = optionalInt64(request.expected_revision);
    const rollBack = { model, alias, expectedRevision, requestId };
    return { alias: toAliasMessage(await rollBackAlias(callOf(context), rollBack, deps)) };
  },
  deleteAlias: async ({ model, alias, request_id: requestId }, context) => {
    await deleteAlias(callOf(context), { model, alias, requestId }, deps);
    return {};
  },
  listAliases: async (request, context) => {
    const model = request.model === '' ? undefined : request.model;
    const query = { ...pageOf(request), model, allWorkspaces: request.all_workspaces };
    const page = await listAliases(callOf(context), query, deps);
    return { aliases: page.items.map(toAliasMessage), ...nextPageToken(page) };
  },
  listAliasMoves: async (request, context) => {
    const query = { ...pageOf(request), model: request.model, alias: request.alias };
    const page = await listAliasMoves(callOf(context), query, deps);
    return { moves: page.items.map(toAliasMoveMessage), ...nextPageToken(page) };
  },
});
