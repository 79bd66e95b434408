import type { SourceState } from '../ingestion.ts';
import type { FeatureRepository, Source } from './feature-repository.ts';

/**
 * Why `next` would leave accepted rows unreadable; empty when it would not. Otherwise views may change at will: what of a view is online lies
 * under its digest.
 * @param states of the sources with accepted rows.
 */
export function breakingChanges(
  before: FeatureRepository,
  next: FeatureRepository,
  states: readonly SourceState[],
): readonly string[] {
  const [former, later] = [before, next].map(({ sources }) => new Map(sources.map((source) => [source.name, source])));
  return states.flatMap(({ source: name, columns }) => {
    const [old, now] = [former?.get(name), later?.get(name)];
    if (!now) return [`source '${name}' is gone, but rows of it were accepted`];
    return [...(old ? changesOf(old, now) : []), ...missingColumns(next, name, columns)];
  });
}

/** A column that came with a later version of the contract is not in the rows before. */
function missingColumns({ views }: FeatureRepository, source: string, columns: readonly string[]): readonly string[] {
  return views
    .filter((view) => view.source === source)
    .flatMap((view) => {
      const needed = [...view.joinKeys.map(({ name }) => name), ...view.features.map(({ column }) => column)];
      const missing = [...new Set(needed)].filter((column) => !columns.includes(column));
      return missing.map(
        (column) => `view '${view.name}' needs column '${column}', which accepted rows of source '${source}' lack`,
      );
    });
}

function changesOf(before: Source, next: Source): readonly string[] {
  const at = `source '${before.name}'`;
  const found: string[] = [];
  for (const role of ['eventTime', 'createdTime'] as const) {
    if (before[role] !== next[role]) {
      found.push(
        `${at}: ${role} changes from ${before[role] ?? 'none'} to ${next[role] ?? 'none'}, but rows were accepted`,
      );
    }
  }
  const types = new Map(next.contract.columns.map(({ name, type }) => [name, type]));
  for (const { name, type } of before.contract.columns) {
    const now = types.get(name);
    if (now === undefined) found.push(`${at}: column '${name}' is gone, but rows with it were accepted`);
    else if (now !== type) found.push(`${at}: column '${name}' changes from ${type} to ${now}, but rows were accepted`);
  }
  return found;
}
