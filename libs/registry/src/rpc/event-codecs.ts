import {
  aliasMoved,
  approvalGranted,
  approvalRejected,
  modelChanged,
  versionCreated,
  versionDeleted,
} from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';
import type { RegistryFact } from '../domain/facts.ts';

/** A fact as it is published. */
export interface EncodedFact {
  readonly definition: EventDefinition<object>;
  readonly payload: object;
}

/** The wire form of every fact; exhaustive, so that a new kind of fact does not compile without one. */
export function encodeFact(fact: RegistryFact): EncodedFact {
  switch (fact.kind) {
    case 'model-changed':
      return { definition: modelChanged, payload: { model: fact.model, deleted: fact.deleted } };
    case 'version-created':
      return {
        definition: versionCreated,
        payload: {
          model: fact.model,
          version: fact.version.toString(),
          digest: fact.digest,
          run_id: fact.runId,
          training_set_id: fact.trainingSetId,
          principal: fact.principal,
        },
      };
    case 'version-deleted': {
      const { model, principal } = fact;
      return { definition: versionDeleted, payload: { model, version: fact.version.toString(), principal } };
    }
    case 'alias-moved':
      return {
        definition: aliasMoved,
        payload: {
          model: fact.model,
          alias: fact.alias,
          version: (fact.version ?? 0n).toString(),
          previous_version: (fact.previousVersion ?? 0n).toString(),
          digest: fact.digest,
          revision: fact.revision.toString(),
          principal: fact.principal,
          rolled_back: fact.rolledBack,
        },
      };
    case 'approval-granted':
    case 'approval-rejected': {
      const { kind, version, ...rest } = fact;
      const definition = kind === 'approval-granted' ? approvalGranted : approvalRejected;
      return { definition, payload: { ...rest, version: version.toString() } };
    }
  }
}
