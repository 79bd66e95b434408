import { DEFAULT_WORKSPACE, DeniedError, InvalidArgumentError, WORKSPACE_PATTERN, type Logger } from '@slipway/kernel';
import type { Authenticator, Identity } from '@slipway/plugin-kit';
import { readCredentials } from './credentials.ts';
import type { CallerResolver } from '../rpc/invoker.ts';
import type { RoleTable } from './roles.ts';

const EVERY_WORKSPACE = '*';

/**
 * Makes the caller of a request from its credentials and its workspace header. A workspace that is not the caller's is refused in the same
 * words whether it exists or not.
 * @param roles what each role grants; an unknown role grants nothing and is logged once.
 */
export function createCallerResolver(authenticator: Authenticator, roles: RoleTable, log: Logger): CallerResolver {
  const reported = new Set<string>();
  const grantsOf = (role: string): readonly string[] => {
    if (Object.hasOwn(roles, role)) return roles[role] ?? [];
    if (!reported.has(role) && reported.size < 100) {
      reported.add(role);
      log.warn({ role, known: Object.keys(roles) }, 'an identity has a role that does not exist');
    }
    return [];
  };
  // an authenticator that hands out the same list for the same holder pays for its grants once
  const permissionsByRoles = new WeakMap<readonly string[], ReadonlySet<string>>();
  const permissionsOf = (assigned: readonly string[]): ReadonlySet<string> => {
    const known = permissionsByRoles.get(assigned);
    if (known) return known;
    const permissions = new Set(assigned.flatMap(grantsOf));
    permissionsByRoles.set(assigned, permissions);
    return permissions;
  };
  return async (headers, signal) => {
    const identity = await authenticator.authenticate(readCredentials(headers.authorization), signal);
    return Object.freeze({
      principal: identity.principal,
      workspace: chooseWorkspace(identity, headers.workspace),
      allWorkspaces: identity.workspaces.includes(EVERY_WORKSPACE),
      permissions: permissionsOf(identity.roles),
    });
  };
}

function chooseWorkspace(identity: Identity, asked: string | undefined): string {
  const own = identity.workspaces.filter((workspace) => workspace !== EVERY_WORKSPACE);
  const isEverywhere = own.length < identity.workspaces.length;
  if (asked === undefined) {
    const first = own[0] ?? (isEverywhere ? DEFAULT_WORKSPACE : undefined);
    if (first !== undefined) return first;
    throw new DeniedError(`principal '${identity.principal}' belongs to no workspace`);
  }
  if (!WORKSPACE_PATTERN.test(asked)) {
    throw InvalidArgumentError.of(
      'slipway-workspace',
      'is not a workspace: 1 to 63 of a-z, 0-9 and -, as in a DNS label',
    );
  }
  if (isEverywhere || own.includes(asked)) return asked;
  throw new DeniedError(`principal '${identity.principal}' may not act in workspace '${asked}'`, {
    facts: { principal: identity.principal, workspace: asked },
  });
}
