import { EventRing, type ArrivedEvent } from './event-ring.ts';
import type { FeedEvent } from './feed-event.ts';

/** What is still to be had after a position. */
export interface Replay {
  readonly events: readonly FeedEvent[];
  /** Events after that position are gone, or may be. */
  readonly hasGap: boolean;
}

/** The last events for those who join late or come back. Telemetry has room of its own, so that it does not drive out the facts. */
export class EventLog {
  readonly #facts: EventRing;
  readonly #telemetry: EventRing;
  #arrivals = 0;

  /** Both bounds hold for facts and for telemetry each. */
  constructor(eventsMax: number, charactersMax: number) {
    this.#facts = new EventRing(eventsMax, charactersMax);
    this.#telemetry = new EventRing(eventsMax, charactersMax);
  }

  get size(): number {
    return this.#facts.size + this.#telemetry.size;
  }

  /** False when it is here already: a bus delivers at least once. */
  add(event: FeedEvent): boolean {
    const ring = event.isTelemetry ? this.#telemetry : this.#facts;
    if (ring.has(event.sequence)) return false;
    this.#arrivals += 1;
    ring.add({ arrival: this.#arrivals, event });
    return true;
  }

  /** Everything that is kept, in the order in which it came. */
  all(): readonly FeedEvent[] {
    return inOrder([this.#facts, this.#telemetry], 0);
  }

  /**
   * What came after the event with this sequence. One that is not here any more gets all greater ones, and is told of the gap.
   * @param withTelemetry false for who is sent none, and misses none.
   */
  after(sequence: bigint, withTelemetry = true): Replay {
    const rings = withTelemetry ? [this.#facts, this.#telemetry] : [this.#facts];
    const arrival = this.#facts.arrivalOf(sequence) ?? this.#telemetry.arrivalOf(sequence);
    if (arrival !== undefined) {
      return { events: inOrder(rings, arrival), hasGap: rings.some(({ forgottenUntil }) => forgottenUntil > arrival) };
    }
    const events = inOrder(rings, 0).filter((event) => event.sequence > sequence);
    const first = events[0]?.sequence;
    // keys overtake one another: once something was forgotten, what came after an event that is not here cannot be told
    const hasForgotten = [this.#facts, this.#telemetry].some(({ forgottenUntil }) => forgottenUntil > 0);
    const isWhole = !hasForgotten && (first === undefined || first === sequence + 1n);
    return { events, hasGap: !isWhole };
  }
}

function inOrder(rings: readonly EventRing[], arrival: number): readonly FeedEvent[] {
  const arrived: ArrivedEvent[] = rings.flatMap((ring) => ring.since(arrival));
  return arrived.sort((left, right) => left.arrival - right.arrival).map(({ event }) => event);
}
