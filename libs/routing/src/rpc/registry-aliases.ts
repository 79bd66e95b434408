import type {
  Alias__Output,
  ListAliasesRequest,
  ListAliasesResponse__Output,
  MoveAliasRequest,
  MoveAliasResponse__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { DomainError, NotFoundError, type ErrorKind } from '@slipway/kernel';
import type { Deployment } from '../domain/objective.ts';
import type { CallScope, ModelAliases } from '../domain/ports.ts';

/** The calls of the registry's client that the router makes. */
export interface RegistryCalls {
  listAliases(request: ListAliasesRequest, options: CallScope): Promise<ListAliasesResponse__Output>;
  moveAlias(request: MoveAliasRequest, options: CallScope): Promise<MoveAliasResponse__Output>;
}

/** Answers of the registry that a repeat does not change: somebody has to do something first. */
const REFUSALS: readonly ErrorKind[] = ['failed-precondition', 'denied', 'not-found', 'invalid-argument', 'exhausted'];
/** `ConflictError` is also what a registry under load answers; only this one means that the alias has moved. */
const MOVED_BY_OTHERS = 'ALIAS_REVISION_MISMATCH';

/** The registry as the router sees it, over its client. */
export const createRegistryAliases = (registry: RegistryCalls): ModelAliases => ({
  read: async (deployment, scope) => {
    const alias = await findAlias(registry, deployment, scope);
    return { version: alias && BigInt(alias.version), revision: BigInt(alias?.revision ?? 0) };
  },
  move: async ({ deployment, version, expectedRevision, moveId }, scope) => {
    const current = await findAlias(registry, deployment, scope);
    if (current && BigInt(current.version) === version) return ''; // an earlier try, or somebody by hand
    const request: MoveAliasRequest = {
      ...deployment,
      version: version.toString(),
      expected_revision: expectedRevision.toString(),
      request_id: moveId,
    };
    try {
      await registry.moveAlias(request, scope);
      return '';
    } catch (error) {
      if (error instanceof DomainError && (REFUSALS.includes(error.kind) || error.reason === MOVED_BY_OTHERS)) {
        return error.message;
      }
      throw error;
    }
  },
});

/** Aliases of one model fit a page; a model has at most a hundred or so. */
async function findAlias(
  registry: RegistryCalls,
  { model, alias }: Deployment,
  scope: CallScope,
): Promise<Alias__Output | undefined> {
  let page_token = '';
  do {
    const page = await listPage(registry, { model, page_size: 1_000, page_token }, scope);
    const found = page.aliases.find(({ name }) => name === alias);
    if (found) return found;
    page_token = page.next_page_token;
  } while (page_token !== '');
  return undefined;
}

const NO_ALIASES: ListAliasesResponse__Output = { aliases: [], next_page_token: '' };

/** A model that does not exist has no aliases. */
async function listPage(registry: RegistryCalls, request: ListAliasesRequest, scope: CallScope) {
  try {
    return await registry.listAliases(request, scope);
  } catch (error) {
    if (error instanceof NotFoundError) return NO_ALIASES;
    throw error;
  }
}
