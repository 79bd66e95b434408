import type { FeedEvent } from './feed-event.ts';

/** What a client wants of the feed. */
export interface Interest {
  /** By workspace and subject. */
  wants(event: FeedEvent): boolean;
  /** Telemetry is counted for it, not sent. */
  readonly countsTelemetry: boolean;
}

/** One client's queue between the bus, which does not wait, and a connection, which does. */
export class FeedReader {
  readonly #interest: Interest;
  readonly #charactersMax: number;
  #queue: FeedEvent[] = [];
  #characters = 0;
  #wake: (() => void) | undefined;
  /** It read too slowly; its queue is gone. */
  dropped = false;
  /** Predictions, results and exposures that were counted for it in place of being sent. */
  counted = 0;

  constructor(interest: Interest, charactersMax: number) {
    this.#interest = interest;
    this.#charactersMax = charactersMax;
  }

  get countsTelemetry(): boolean {
    return this.#interest.countsTelemetry;
  }

  /** Whether it is sent this event. */
  wants(event: FeedEvent): boolean {
    return !(event.isTelemetry && this.countsTelemetry) && this.#interest.wants(event);
  }

  /** False when this reader has just been dropped. */
  offer(event: FeedEvent): boolean {
    if (this.dropped || !this.#interest.wants(event)) return true;
    if (event.isTelemetry && this.countsTelemetry) {
      this.counted += event.items;
      return true;
    }
    this.#queue.push(event);
    this.#characters += event.size;
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
