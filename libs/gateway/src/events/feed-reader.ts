import type { FeedEvent } from './event-ring.ts';

/** One client's queue between the bus, which does not wait, and a connection, which does. */
export class FeedReader {
  readonly #wants: (event: FeedEvent) => boolean;
  readonly #charactersMax: number;
  #queue: FeedEvent[] = [];
  #characters = 0;
  #wake: (() => void) | undefined;
  /** It read too slowly; its queue is gone. */
  dropped = false;

  constructor(wants: (event: FeedEvent) => boolean, charactersMax: number) {
    this.#wants = wants;
    this.#charactersMax = charactersMax;
  }

  wants(event: FeedEvent): boolean {
    return this.#wants(event);
  }

  /** False when this reader has just been dropped. */
  offer(event: FeedEvent): boolean {
    if (this.dropped || !this.#wants(event)) return true;
    this.#queue.push(event);
    this.#characters += event.json.length;
    if (this.#characters > this.#charactersMax) {
      this.dropped = true;
      this.#queue = [];
    }
    this.wake();
    return !this.dropped;
  }

  /** Everything that waits. */
  take(): readonly FeedEvent[] {
    const taken = this.#queue;
    this.#queue = [];
    this.#characters = 0;
    return taken;
  }

  /** Resolves when there is something to take, the reader was dropped, or somebody calls `wake`. */
  async wait(): Promise<void> {
    if (this.#queue.length > 0 || this.dropped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
