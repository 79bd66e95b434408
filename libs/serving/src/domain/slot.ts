import type { SlotKey } from './slot-key.ts';

/** What an alias names, as of one of its moves. */
export interface Target {
  /** 0 when the alias was deleted. */
  readonly version: bigint;
  /** Digest of the version's package; empty when the alias was deleted. */
  readonly digest: string;
  /** Counts the moves of the alias from 1: a greater one is newer, whatever order they come to be known in. */
  readonly revision: bigint;
}

/** Why the desired target does not answer. */
export interface LoadFailure {
  /** Revision that was tried. */
  readonly revision: bigint;
  /** Stable word, e.g. SIGNATURE_INVALID. */
  readonly reason: string;
  readonly message: string;
  /** The same load may succeed later. */
  readonly retryable: boolean;
  /** Tries so far in this round, 1 or more. */
  readonly attempts: number;
}

/**
 * Desired and actual state of one slot. Plain data; the functions below make the next one.
 *
 * Invariants: `actual` changes only to a target that was desired at that moment, or to undefined by a deletion; revisions of `desired` only grow;
 * at most one load runs, and it is for the desired target or is superseded.
 */
export interface Slot {
  readonly key: SlotKey;
  readonly desired: Target;
  /** What answers now. */
  readonly actual: Target | undefined;
  /** What is being loaded now. */
  readonly loading: Target | undefined;
  /** Last failure of the desired target. */
  readonly failure: LoadFailure | undefined;
}

/** `absent`: the alias was deleted. `loading`: nothing answers yet. `ready`: a version answers, maybe not yet the desired one. `failed`: nothing answers and the last try failed. */
export type SlotState = 'absent' | 'loading' | 'ready' | 'failed';

export const newSlot = (key: SlotKey, desired: Target): Slot => ({
  key,
  desired,
  actual: undefined,
  loading: undefined,
  failure: undefined,
});

export function slotState(slot: Slot): SlotState {
  if (slot.desired.version === 0n) return 'absent';
  if (slot.actual) return 'ready';
  return slot.failure ? 'failed' : 'loading';
}

/** The same slot when `target` is not newer than what is desired: events repeat and come late. A deletion takes the actual version away at once. */
export function desire(slot: Slot, target: Target): Slot {
  if (target.revision <= slot.desired.revision) return slot;
  return {
    ...slot,
    desired: target,
    actual: target.version === 0n ? undefined : slot.actual,
    failure: undefined,
  };
}

/** What to load now; undefined while a load runs, when the desired version answers, and after a failure until `retry`. */
export function nextLoad(slot: Slot): Target | undefined {
  if (slot.desired.version === 0n || slot.loading || slot.failure) return undefined;
  return slot.actual?.revision === slot.desired.revision ? undefined : slot.desired;
}

export const loadStarted = (slot: Slot, target: Target): Slot => ({ ...slot, loading: target });

/** Whether what is being loaded is no longer wanted. */
export const isSuperseded = (slot: Slot): boolean =>
  slot.loading !== undefined && slot.loading.revision !== slot.desired.revision;

/**
 * The load ended well. A superseded target does not become actual, not even when nothing answers: the move away from it may have been made
 * because it is wrong.
 */
export function loadSucceeded(slot: Slot): Slot {
  if (isSuperseded(slot)) return { ...slot, loading: undefined };
  return { ...slot, actual: slot.loading, loading: undefined, failure: undefined };
}

/** The load failed: what answered before goes on. @param attempts tries of this target before this one. */
export function loadFailed(slot: Slot, failure: Omit<LoadFailure, 'revision'>): Slot {
  if (isSuperseded(slot) || !slot.loading) return { ...slot, loading: undefined };
  return { ...slot, loading: undefined, failure: { ...failure, revision: slot.loading.revision } };
}

/** Lets a target that failed in a retryable way be tried again. */
export const retry = (slot: Slot): Slot => (slot.failure?.retryable ? { ...slot, failure: undefined } : slot);
