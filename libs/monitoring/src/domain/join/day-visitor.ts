import type { PredictionBlock } from '../blocks/prediction-block.ts';
import type { Monitor } from '../monitor.ts';
import type { VersionRef } from '../versions.ts';
import type { DayJoin } from './day-join.ts';

/** The predictions of one objective of one workspace. */
export interface DayScope {
  readonly workspace: string;
  readonly monitor: Pick<Monitor, 'objective' | 'labelDelaySeconds'>;
}

/** What a visitor gets of a block. */
export type VisitedBlock = Pick<PredictionBlock, 'versions' | 'features'>;

/** What is done with a joined day; the day comes in shares when it is large, so it only adds up. */
export interface DayVisitor {
  /** Of each block, before it is given to anyone. */
  versions?(versions: readonly VersionRef[]): Promise<void>;
  /** Each block of the day once. */
  block?(block: VisitedBlock): void;
  share(join: DayJoin): void;
}
