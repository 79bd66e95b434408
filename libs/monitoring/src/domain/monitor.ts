import { InvalidArgumentError, type Micros } from '@slipway/kernel';

/** What is watched about an objective. */
export interface Monitor {
  readonly objective: string;
  /** Output that is the score, a probability. */
  readonly output: string;
  /** Outcomes come within this time after the end of the day. */
  readonly labelDelaySeconds: number;
  /** Share of a day's predictions, 0 to 1, that must have an outcome before calibration and loss are judged. */
  readonly coverageMin: number;
  /** Rows that a version must have scored on a day for the day to count. */
  readonly rowsMin: number;
  /** One false alarm in this many days, all alarming checks of a version together, at most. */
  readonly falseAlarmDays: number;
  /** Only EvaluateWindows judges. */
  readonly manual: boolean;
  /** Counts changes from 1. */
  readonly revision: bigint;
  readonly updateTime: Micros;
  /** End of the last day that was closed; undefined before the first one. */
  readonly evaluatedUntil: Micros | undefined;
}

/** What a caller may say; 0 means the default. */
export type MonitorSettings = Pick<
  Monitor,
  'objective' | 'output' | 'labelDelaySeconds' | 'coverageMin' | 'rowsMin' | 'falseAlarmDays' | 'manual'
>;

const DEFAULTS = { labelDelaySeconds: 86_400, coverageMin: 0.9, rowsMin: 1_000, falseAlarmDays: 365 } as const;

/** @throws {InvalidArgumentError} naming the field. */
export function completeSettings(settings: MonitorSettings): MonitorSettings {
  const { coverageMin } = settings;
  if (!(coverageMin >= 0 && coverageMin <= 1)) throw InvalidArgumentError.of('coverage_min', 'must be 0 to 1');
  return {
    ...settings,
    labelDelaySeconds: settings.labelDelaySeconds || DEFAULTS.labelDelaySeconds,
    coverageMin: coverageMin || DEFAULTS.coverageMin,
    rowsMin: settings.rowsMin || DEFAULTS.rowsMin,
    falseAlarmDays: settings.falseAlarmDays || DEFAULTS.falseAlarmDays,
  };
}

/** The settings of a monitor that nobody changed. */
export const DEFAULT_FALSE_ALARM_DAYS = DEFAULTS.falseAlarmDays;

/** Whole days that outcomes may come after a day. */
export const labelDelayDays = ({ labelDelaySeconds }: Pick<Monitor, 'labelDelaySeconds'>): number =>
  Math.ceil(labelDelaySeconds / 86_400);
