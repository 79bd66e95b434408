/** An event as it goes to pages. */
export interface FeedEvent {
  /** Position in the log of the bus; order of arrival may differ from it between keys. */
  readonly sequence: bigint;
  readonly workspace: string;
  /** Of the subject after the workspace. */
  readonly tokens: readonly string[];
  /** CloudEvent as one line of JSON. */
  readonly json: string;
}

/** What is still to be had after a position. */
export interface Replay {
  readonly events: readonly FeedEvent[];
  /** Events after that position are gone, or may be. */
  readonly hasGap: boolean;
}

/** The last events in the order they came, for those who join late or come back. Bounded by number and by size. */
export class EventRing {
  readonly #eventsMax: number;
  readonly #charactersMax: number;
  readonly #events: FeedEvent[] = [];
  readonly #sequences = new Set<bigint>();
  #characters = 0;
  #hasForgotten = false;

  constructor(eventsMax: number, charactersMax: number) {
    this.#eventsMax = eventsMax;
    this.#charactersMax = charactersMax;
  }

  get size(): number {
    return this.#events.length;
  }

  /** False when it is here already: a bus delivers at least once. */
  add(event: FeedEvent): boolean {
    if (this.#sequences.has(event.sequence)) return false;
    this.#sequences.add(event.sequence);
    this.#events.push(event);
    this.#characters += event.json.length;
    while (this.#events.length > this.#eventsMax || this.#characters > this.#charactersMax) {
      const oldest = this.#events.shift();
      if (!oldest) break;
      this.#characters -= oldest.json.length;
      this.#sequences.delete(oldest.sequence);
      this.#hasForgotten = true;
    }
    return true;
  }

  /** The newest ones, oldest first. */
  latest(count: number): readonly FeedEvent[] {
    return count === 0 ? [] : this.#events.slice(-count);
  }

  /** What came after the event with this sequence. One that is not here any more gets all greater ones, and is told of the gap. */
  after(sequence: bigint): Replay {
    const index = this.#events.findIndex((event) => event.sequence === sequence);
    if (index >= 0) return { events: this.#events.slice(index + 1), hasGap: false };
    const events = this.#events.filter((event) => event.sequence > sequence);
    const first = events[0]?.sequence;
    // keys overtake one another: once something was forgotten, what came after an event that is not here cannot be told
    const isWhole = !this.#hasForgotten && (first === undefined || first === sequence + 1n);
    return { events, hasGap: !isWhole };
  }
}
