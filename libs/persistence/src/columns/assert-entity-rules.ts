import type { EntityMetadata, EntityProperty, EntitySchema } from '@mikro-orm/core';
import { Exact64Column } from './int64-column.ts';

/** Why an entity need not be led by its workspace, by entity name; the reason is for readers. */
export type WorkspaceExemptions = Readonly<Record<string, string>>;

/**
 * Holds the rules that keep data exact and apart: no plain bigint, no autoincrement, `workspace` as the first column of the primary key and
 * of every unique index.
 * @param exemptions entities without a workspace, each with its reason (at least 20 characters).
 * @throws {Error} with every violation of every entity.
 */
export function assertEntityRules(entities: readonly EntitySchema[], exemptions: WorkspaceExemptions = {}): void {
  const names = new Set(entities.map((entity) => entity.init().meta.className));
  const problems = Object.entries(exemptions).flatMap(([name, reason]) => [
    ...(names.has(name) ? [] : [`${name}: is exempt but is no entity`]),
    ...(reason.trim().length >= 20 ? [] : [`${name}: an exemption needs a reason`]),
  ]);
  for (const entity of entities) {
    const { meta } = entity.init();
    problems.push(...columnProblems(meta));
    if (!(meta.className in exemptions)) problems.push(...workspaceProblems(meta));
  }
  if (problems.length > 0) throw new Error(`entity rules are broken:\n  ${problems.join('\n  ')}`);
}

const PLAIN_BIGINT = /^(?:bigint|int8|bigserial|BigIntType)\b/i;

function columnProblems(meta: EntityMetadata): string[] {
  return Object.values(meta.properties).flatMap((property: EntityProperty) => {
    const at = `${meta.className}.${property.name}`;
    const found: string[] = [];
    const type: unknown = property.type;
    const declared = [typeof type === 'function' ? type.name : nameOf(type), ...(property.columnTypes ?? [])];
    if (!isExactType(property) && declared.some((word) => PLAIN_BIGINT.test(word))) {
      found.push(`${at}: a plain bigint loses digits on SQLite; use columns.int64()`);
    }
    if (property.autoincrement)
      found.push(`${at}: autoincrement differs between the databases; use an id from IdSource`);
    return found;
  });
}

const nameOf = (type: unknown): string =>
  typeof type === 'object' && type !== null ? type.constructor.name : String(type);

const isExactType = (property: EntityProperty): boolean =>
  (property.type as unknown) instanceof Exact64Column || (property.customType as unknown) instanceof Exact64Column;

function workspaceProblems(meta: EntityMetadata): string[] {
  const properties = Object.values(meta.properties);
  const primary = properties.filter((property) => property.primary).map(({ name }) => name);
  const found: string[] = [];
  if (primary[0] !== 'workspace')
    found.push(`${meta.className}: 'workspace' must be the first column of the primary key`);
  for (const property of properties.filter(({ unique }) => unique)) {
    if (property.name !== 'workspace')
      found.push(`${meta.className}.${property.name}: a unique column must follow 'workspace' in a unique index`);
  }
  for (const unique of meta.uniques) {
    const first: unknown = [unique.properties ?? []].flat()[0];
    if (first !== 'workspace')
      found.push(
        `${meta.className}: unique index on ${String([unique.properties].flat())} must begin with 'workspace'`,
      );
  }
  return found;
}
