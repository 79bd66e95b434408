import {
  contractViolated,
  positionCommitted,
  predictionsLoaded,
  repositoryApplied,
  rowsIngested,
  trainingSetCreated,
  viewMaterialized,
} from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';
import type { FeatureFact } from '../domain/facts.ts';

/** A fact as it is published. */
export interface EncodedFact {
  readonly definition: EventDefinition<object>;
  readonly payload: object;
}

/** The wire form of every fact; exhaustive, so that a new kind of fact does not compile without one. */
export function encodeFact(fact: FeatureFact): EncodedFact {
  switch (fact.kind) {
    case 'repository-applied': {
      const { digest, changes, principal } = fact;
      const payload = { revision: fact.revision.toString(), digest, changes: changes.slice(0, CHANGES_MAX), principal };
      return { definition: repositoryApplied, payload };
    }
    case 'rows-ingested':
      return {
        definition: rowsIngested,
        payload: {
          source: fact.source,
          ingestion_id: fact.ingestionId,
          accepted_rows: fact.acceptedRows.toString(),
          quarantined_rows: fact.quarantinedRows.toString(),
          arrival: fact.arrival.toString(),
          principal: fact.principal,
        },
      };
    case 'contract-violated':
      return {
        definition: contractViolated,
        payload: {
          source: fact.source,
          ingestion_id: fact.ingestionId,
          contract_id: fact.contractId,
          contract_version: fact.contractVersion,
          quarantined_rows: fact.quarantinedRows.toString(),
          breaches: fact.breaches.slice(0, CHANGES_MAX),
        },
      };
    case 'training-set-created': {
      const { trainingSetId: training_set_id, name, features, principal } = fact;
      return {
        definition: trainingSetCreated,
        payload: { training_set_id, name, rows: fact.rows.toString(), features, principal },
      };
    }
    case 'view-materialized': {
      const { view, arrival, stored } = fact;
      return {
        definition: viewMaterialized,
        payload: { view, arrival: arrival.toString(), stored: stored.toString() },
      };
    }
    case 'position-committed': {
      const { consumer, source, scoringSetId: scoring_set_id, manifestUri: manifest_uri, principal } = fact;
      const range = { from_exclusive: fact.fromExclusive.toString(), to_inclusive: fact.toInclusive.toString() };
      return {
        definition: positionCommitted,
        payload: { consumer, source, ...range, scoring_set_id, manifest_uri, principal },
      };
    }
    case 'predictions-loaded': {
      const { table, version, rows, manifestUri: manifest_uri } = fact;
      return {
        definition: predictionsLoaded,
        payload: { table, version: version.toString(), rows: rows.toString(), manifest_uri },
      };
    }
  }
}

/** An event has to fit a message of the bus; who wants the rest asks for it. */
const CHANGES_MAX = 1_000;
