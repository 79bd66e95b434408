import type { FeedEvent } from './feed-event.ts';

/** An event with its place in the order in which events came, from 1. */
export interface ArrivedEvent {
  readonly arrival: number;
  readonly event: FeedEvent;
}

/** The last events in the order they came. Bounded by number and by size. */
export class EventRing {
  readonly #eventsMax: number;
  readonly #charactersMax: number;
  readonly #events: ArrivedEvent[] = [];
  readonly #arrivals = new Map<bigint, number>();
  #characters = 0;
  /** Arrival of the newest event that is not here any more; 0 when none was forgotten. */
  forgottenUntil = 0;

  constructor(eventsMax: number, charactersMax: number) {
    this.#eventsMax = eventsMax;
    this.#charactersMax = charactersMax;
  }

  get size(): number {
    return this.#events.length;
  }

  has(sequence: bigint): boolean {
    return this.#arrivals.has(sequence);
  }

  arrivalOf(sequence: bigint): number | undefined {
    return this.#arrivals.get(sequence);
  }

  add(arrived: ArrivedEvent): void {
    const { arrival, event } = arrived;
    this.#arrivals.set(event.sequence, arrival);
    this.#events.push(arrived);
    this.#characters += event.size;
    while (this.#events.length > this.#eventsMax || this.#characters > this.#charactersMax) {
      const oldest = this.#events.shift();
      if (!oldest) break;
      this.#characters -= oldest.event.size;
      this.#arrivals.delete(oldest.event.sequence);
      this.forgottenUntil = oldest.arrival;
    }
  }

  /** What came after that arrival, in order. */
  since(arrival: number): readonly ArrivedEvent[] {
    return this.#events.filter((each) => each.arrival > arrival);
  }
}
