import { watchesFull } from './errors.ts';

/** A watch costs a read a second; more of them than this are a mistake. */
const LISTENERS_MAX = 1_000;

/** Tells those in this process that wait for a run that it changed. */
export class RunChanges {
  readonly #listeners = new Map<string, Set<() => void>>();
  #count = 0;

  notify(workspace: string, id: string): void {
    for (const listener of this.#listeners.get(`${workspace}/${id}`) ?? []) listener();
  }

  /** @returns ends the subscription; safe to call twice. @throws {ExhaustedError} when too many are waiting. */
  subscribe(workspace: string, id: string, listener: () => void): () => void {
    if (this.#count >= LISTENERS_MAX) throw watchesFull(LISTENERS_MAX);
    const key = `${workspace}/${id}`;
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    this.#count += 1;
    return () => {
      if (!listeners.delete(listener)) return;
      this.#count -= 1;
      if (listeners.size === 0) this.#listeners.delete(key);
    };
  }
}
