/** One thing that may stall, e.g. a stream that waits for its next message. */
export interface StallEntry {
  begin(): void;
  end(): void;
  forget(): void;
}

/**
 * Bounds waits by one sweep for all of them instead of a timer for each: a timer per message would cost every call, a stall noticed up to
 * a quarter late costs nobody.
 */
export class StallWatch {
  readonly limitMs: number;
  readonly #nowMs: () => number;
  readonly #entries = new Set<Entry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number, nowMs: () => number) {
    this.limitMs = limitMs;
    this.#nowMs = nowMs;
  }

  /** Sweeps until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#timer = setInterval(() => this.sweep(), Math.max(10, this.limitMs / 4));
    this.#timer.unref();
    signal.addEventListener('abort', () => clearInterval(this.#timer), { once: true });
  }

  watch(onStall: () => void): StallEntry {
    const entry = new Entry(onStall, this.#nowMs, this.#entries);
    this.#entries.add(entry);
    return entry;
  }

  sweep(): void {
    const before = this.#nowMs() - this.limitMs;
    for (const entry of this.#entries) {
      if (entry.sinceMs > before) continue;
      this.#entries.delete(entry);
      entry.onStall();
    }
  }
}

class Entry implements StallEntry {
  sinceMs = Number.POSITIVE_INFINITY;
  readonly onStall: () => void;
  readonly #nowMs: () => number;
  readonly #entries: Set<Entry>;
  constructor(onStall: () => void, nowMs: () => number, entries: Set<Entry>) {
    this.onStall = onStall;
    this.#nowMs = nowMs;
    this.#entries = entries;
  }
  begin(): void {
    this.sinceMs = this.#nowMs();
  }
  end(): void {
    this.sinceMs = Number.POSITIVE_INFINITY;
  }
  forget(): void {
    this.#entries.delete(this);
  }
}
