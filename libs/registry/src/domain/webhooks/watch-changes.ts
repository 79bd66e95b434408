import type { RegistryTransaction } from '../unit-of-work.ts';
import {
  aliasChanged,
  modelCreated,
  modelDeleted,
  tagChanges,
  versionCreated,
  versionDeleted,
  type RegistryChange,
} from './registry-change.ts';

export interface WatchedTransaction {
  /** To be used instead of the one that is watched. */
  readonly watched: RegistryTransaction;
  /** What receivers of webhooks have to be told, in order. */
  readonly changes: readonly RegistryChange[];
}

/** Notes what a transaction changes, whichever use case does it; a use case cannot forget to tell. */
export function watchChanges(tx: RegistryTransaction): WatchedTransaction {
  const changes: RegistryChange[] = [];
  const watched: RegistryTransaction = {
    ...tx,
    models: watchModels(tx, changes),
    versions: {
      ...tx.versions,
      insert: async (version, envelope) => {
        await tx.versions.insert(version, envelope);
        changes.push(versionCreated(version));
      },
      update: async (next) => {
        const before = await tx.versions.get(next.model, next.version);
        await tx.versions.update(next);
        if (before) changes.push(...tagChanges(next.model, next.version, before.tags, next.tags));
      },
      delete: async (model, version) => {
        await tx.versions.delete(model, version);
        changes.push(versionDeleted(model, version));
      },
    },
    events: {
      add: (fact) => {
        tx.events.add(fact);
        if (fact.kind === 'alias-moved') changes.push(aliasChanged(fact.model, fact.alias, fact.version));
      },
    },
  };
  return { watched, changes };
}

/** The row of a model outlives it, so what an update means depends on what was locked before. */
function watchModels(tx: RegistryTransaction, changes: RegistryChange[]): RegistryTransaction['models'] {
  const wasDeleted = new Map<string, boolean>();
  return {
    ...tx.models,
    lock: async (name) => {
      const model = await tx.models.lock(name);
      if (model) wasDeleted.set(name, model.deleted);
      return model;
    },
    insert: async (model) => {
      await tx.models.insert(model);
      changes.push(modelCreated(model));
      wasDeleted.set(model.name, false);
    },
    update: async (next) => {
      await tx.models.update(next);
      const before = wasDeleted.get(next.name);
      if (before === true && !next.deleted) changes.push(modelCreated(next));
      if (before === false && next.deleted) changes.push(modelDeleted(next.name));
      wasDeleted.set(next.name, next.deleted);
    },
  };
}
