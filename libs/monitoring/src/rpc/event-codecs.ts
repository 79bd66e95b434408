import { driftDetected, outcomeObserved, performanceDegraded, windowClosed } from '@slipway/contracts';
import type { WindowVersion } from '@slipway/contracts/slipway.monitoring.v1';
import type { EventDefinition } from '@slipway/kernel';
import type { Alert, DriftCheck } from '../domain/alert.ts';
import { dayText } from '../domain/day.ts';
import type { VersionStats } from '../domain/day-stats.ts';
import type { MonitoringFact } from '../domain/facts.ts';

/** A fact as it is published. */
export interface EncodedFact {
  readonly definition: EventDefinition<object>;
  readonly payload: object;
}

/** The wire form of every fact; exhaustive, so that a new kind of fact does not compile without one. */
export function encodeFact(fact: MonitoringFact): EncodedFact {
  switch (fact.kind) {
    case 'outcomes-observed':
      return {
        definition: outcomeObserved,
        payload: {
          objective: fact.objective,
          outcomes: `${fact.outcomes}`,
          first_observed_micros: `${fact.firstObserved}`,
          last_observed_micros: `${fact.lastObserved}`,
          principal: fact.principal,
        },
      };
    case 'alert-opened': {
      const definition = fact.alert.kind === 'drift' ? driftDetected : performanceDegraded;
      return { definition, payload: alertPayload(fact.alert) };
    }
    case 'window-closed': {
      const { objective, day, stats } = fact;
      return {
        definition: windowClosed,
        payload: {
          objective,
          day: dayText(day),
          rows: `${stats.rows}`,
          labelled_rows: `${stats.labelledRows}`,
          log_loss: stats.answeredLogLossSum / stats.answeredLabelledRows,
          versions: stats.versions.map(toWindowVersion),
        },
      };
    }
  }
}

const alertPayload = ({ id, objective, version, firstDay, checks }: Alert) => ({
  alert_id: id,
  objective,
  model: version.model,
  version: `${version.version}`,
  day: dayText(firstDay),
  checks: checks.map(checkText),
});

const DIGITS = 4;
const checkText = ({ check, feature, value, threshold }: DriftCheck): string =>
  `${check}:${feature} ${value.toPrecision(DIGITS)}/${threshold.toPrecision(DIGITS)}`;

const toWindowVersion = ({ model, version, answered, rows, scoreSum, labelled }: VersionStats): WindowVersion => ({
  model,
  version: `${version}`,
  served: answered > 0,
  rows: `${rows}`,
  log_loss: labelled.logLossSum / labelled.rows,
  mean_score: scoreSum / rows,
  mean_label: labelled.positives / labelled.rows,
});
