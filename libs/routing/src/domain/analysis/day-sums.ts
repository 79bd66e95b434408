/** Sums of one arm on one day; losses over labelled rows. */
export interface ArmSums {
  readonly rows: number;
  readonly labelledRows: number;
  readonly lossSum: number;
  /** The same for a constant score: what the day itself makes easy or hard. */
  readonly referenceSum: number;
}

/** Both arms on one day. */
export interface DaySums {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly control: ArmSums;
  readonly treatment: ArmSums;
}

export const meanLoss = ({ lossSum, labelledRows }: ArmSums): number => lossSum / labelledRows;

/** Mean loss beyond that of the constant score: a day's weather, which both arms share, mostly cancels. */
const adjustedLoss = ({ lossSum, referenceSum, labelledRows }: ArmSums): number =>
  (lossSum - referenceSum) / labelledRows;

/** Of units that were shared between the arms; negative is better for the treatment. */
export const sharedDifference = ({ control, treatment }: DaySums): number =>
  adjustedLoss(treatment) - adjustedLoss(control);

/** Of rows that both scored. */
export const pairedDifference = ({ control, treatment }: DaySums): number => meanLoss(treatment) - meanLoss(control);

export interface DayChoice {
  /** Complete days to be used, in order. */
  readonly complete: readonly DaySums[];
  /** Those after them, as they look now. */
  readonly open: readonly DaySums[];
}

const isComplete = ({ rows, labelledRows }: ArmSums, coverageMin: number): boolean =>
  labelledRows > 0 && labelledRows / rows >= coverageMin;

/**
 * Days are used in their order: the first one that waits for outcomes ends the choice, so that nobody picks days by what they show. Days on which
 * an arm has no rows are passed over: there is nothing to wait for and nothing to compare.
 * @param days in any order, each once.
 */
export function chooseDays(days: readonly DaySums[], coverageMin: number): DayChoice {
  const both = days
    .filter(({ control, treatment }) => control.rows > 0 && treatment.rows > 0)
    .toSorted((left, right) => (left.day < right.day ? -1 : 1));
  const waits = ({ control, treatment }: DaySums): boolean =>
    !isComplete(control, coverageMin) || !isComplete(treatment, coverageMin);
  const end = both.findIndex(waits);
  return end < 0 ? { complete: both, open: [] } : { complete: both.slice(0, end), open: both.slice(end) };
}
