import type { SlotKey } from './slot-key.ts';

/** Which aliases this server answers for. `*` stands for all. */
export interface ServingScope {
  readonly aliases: readonly string[];
  readonly workspaces: readonly string[];
}

const admits = (names: readonly string[], name: string): boolean => names.includes('*') || names.includes(name);

export const isInScope = (scope: ServingScope, key: SlotKey): boolean =>
  admits(scope.aliases, key.alias) && admits(scope.workspaces, key.workspace);
