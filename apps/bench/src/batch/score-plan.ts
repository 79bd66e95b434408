/** Asked of the child that scores a file. */
export type ScorePlan =
  /** Comes first; answered with what was checked. */
  | { readonly directory: string; readonly rows: number; readonly seed: number }
  /** One pass over all rows; answered with rows per second. */
  | { readonly side: ScoreSide };

/** `worker` is ours; the others are the two things that it cannot do without, each alone. */
export type ScoreSide = 'worker' | 'scan' | 'runtime';

/** Numbers of a row that the model takes. */
export const FEATURES_PER_ROW = 7;
/** Rows of a call of the model and of a partition: the defaults of scoring jobs. */
export const BATCH_ROWS = 8_192;
export const PARTITION_ROWS = 100_000;
