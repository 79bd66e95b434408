import { ExhaustedError } from '@slipway/kernel';
import type { OperationKey } from './operation.ts';

/** A watch costs a poll a second; more of them than this are a mistake. */
const LISTENERS_MAX = 1_000;

const textOf = ({ workspace, id }: OperationKey): string => `${workspace}/${id}`;

/** Tells those in this process that wait for an operation that it changed. */
export class OperationChanges {
  readonly #listeners = new Map<string, Set<() => void>>();
  #count = 0;

  notify(key: OperationKey): void {
    for (const listener of this.#listeners.get(textOf(key)) ?? []) listener();
  }

  /** @returns ends the subscription; safe to call twice. @throws {ExhaustedError} when too many are waiting. */
  subscribe(key: OperationKey, listener: () => void): () => void {
    if (this.#count >= LISTENERS_MAX) {
      throw new ExhaustedError(`at most ${LISTENERS_MAX} watches of operations at once`, {
        reason: 'OPERATION_WATCHES_FULL',
      });
    }
    const text = textOf(key);
    const listeners = this.#listeners.get(text) ?? new Set();
    this.#listeners.set(text, listeners.add(listener));
    this.#count += 1;
    return () => {
      if (!listeners.delete(listener)) return;
      this.#count -= 1;
      if (listeners.size === 0) this.#listeners.delete(text);
    };
  }
}
