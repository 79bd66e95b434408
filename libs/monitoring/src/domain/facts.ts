import type { Micros } from '@slipway/kernel';
import type { Alert } from './alert.ts';
import type { Day } from './day.ts';
import type { DayStats } from './day-stats.ts';

/** What happened, in the words of the domain; each one becomes one published event. */
export type MonitoringFact = OutcomesObserved | AlertOpened | WindowClosed;

export interface OutcomesObserved {
  readonly kind: 'outcomes-observed';
  readonly objective: string;
  readonly outcomes: number;
  readonly firstObserved: Micros;
  readonly lastObserved: Micros;
  readonly principal: string;
}

/** A drift was detected or a performance degraded, as the kind of the alert says. */
export interface AlertOpened {
  readonly kind: 'alert-opened';
  readonly alert: Alert;
}

export interface WindowClosed {
  readonly kind: 'window-closed';
  readonly objective: string;
  readonly day: Day;
  readonly stats: DayStats;
}
