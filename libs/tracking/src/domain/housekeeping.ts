import type { Millis } from './millis.ts';

/** Files of something that was removed for ever. */
export interface Removal {
  readonly workspace: string;
  /** Everything below it goes. */
  readonly prefix: string;
}

/** Something that was marked as deleted long ago. */
export type Expired =
  | { readonly kind: 'experiment'; readonly workspace: string; readonly id: bigint }
  | { readonly kind: 'run' | 'model'; readonly workspace: string; readonly id: string };

/** What has to be done in all workspaces, by nobody's call. */
export interface Housekeeping {
  /** The oldest files to be removed, of what was removed before `before`; microseconds. */
  removals(before: bigint, bound: number): Promise<readonly Removal[]>;
  /** The files are gone. */
  finish(removal: Removal): Promise<void>;
  /** Some of what was marked as deleted before `before`, experiments first: they take what is in them along. */
  expired(before: Millis, bound: number): Promise<readonly Expired[]>;
}
