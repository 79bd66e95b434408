import type { Target } from './slot.ts';
import type { SlotKey } from './slot-key.ts';

/** This server answers with a version from now on. */
export interface ModelLoadedFact {
  readonly key: SlotKey;
  readonly server: string;
  readonly actual: Target;
  /** What answered before. */
  readonly previous: Target | undefined;
  /** From when the move was known to the swap. */
  readonly loadMs: number;
}

/** A version could not be loaded. */
export interface ModelFailedFact {
  readonly key: SlotKey;
  readonly server: string;
  readonly desired: Target;
  readonly reason: string;
  readonly message: string;
  /** What goes on answering. */
  readonly actual: Target | undefined;
}
