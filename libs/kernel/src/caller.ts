import { DeniedError } from './errors.ts';

/** Who calls, made by the authenticator from credentials alone; passed into every use case. */
export interface Caller {
  /** Stable name of a person or a service. */
  readonly principal: string;
  /** The workspace this call acts in. */
  readonly workspace: string;
  /** Whether this principal may see every workspace (services of the platform). */
  readonly allWorkspaces: boolean;
  /** Names as the contracts declare them, e.g. `registry.aliases.move`; `*` grants all, `registry.*` all of a domain. */
  readonly permissions: ReadonlySet<string>;
}

/** Permission names are dotted; a grant may end in `*`. */
export function isPermitted(caller: Caller, permission: string): boolean {
  if (caller.permissions.has(permission) || caller.permissions.has('*')) return true;
  for (let dot = permission.lastIndexOf('.'); dot > 0; dot = permission.lastIndexOf('.', dot - 1)) {
    if (caller.permissions.has(`${permission.slice(0, dot)}.*`)) return true;
  }
  return false;
}

/** @throws {DeniedError} when the caller lacks the permission. */
export function assertPermitted(caller: Caller, permission: string): void {
  if (isPermitted(caller, permission)) return;
  throw new DeniedError(`principal '${caller.principal}' lacks the permission '${permission}'`, {
    facts: { principal: caller.principal, permission, workspace: caller.workspace },
  });
}
