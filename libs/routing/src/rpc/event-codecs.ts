import { decisionMade, exposureLogged } from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';
import type { RoutingFact } from '../domain/facts.ts';

/** A fact as it is published. */
export interface EncodedFact {
  readonly definition: EventDefinition<object>;
  readonly payload: object;
}

/** The wire form of every fact; exhaustive, so that a new kind of fact does not compile without one. */
export function encodeFact(fact: RoutingFact): EncodedFact {
  switch (fact.kind) {
    case 'exposures-logged':
      return {
        definition: exposureLogged,
        payload: {
          experiment: fact.experiment,
          objective: fact.objective,
          revision: fact.revision.toString(),
          exposures: fact.exposures.map(({ unitHash: unit_hash, ...rest }) => ({ unit_hash, ...rest })),
        },
      };
    case 'decision-made':
      return {
        definition: decisionMade,
        payload: {
          experiment: fact.experiment,
          name: fact.name,
          objective: fact.objective,
          decision: fact.decision,
          arm: fact.arm,
          weight: fact.weight,
          alias: fact.alias,
          version: fact.version.toString(),
          as_of_micros: fact.asOf.toString(),
          explanation: fact.explanation,
        },
      };
  }
}
