/**
 * Runs the steps of one path one after another, those of different paths side by side. Without it two replacements at once would both set the same old
 * pointer aside, and the content of the one that was visible for a moment would never be let go. (Two processes that replace one path in the same
 * instant can still leave such a content behind: it costs space, never a path.) As long as the calls that wait, no longer.
 */
export class PathQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(path: string, step: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(path) ?? Promise.resolve();
    const mine = before.then(step, step);
    this.#tails.set(path, mine);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(path) === mine) this.#tails.delete(path);
    }
  }
}
