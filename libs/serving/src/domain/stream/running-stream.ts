import { DomainError, UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import type { BusMessage, Delivery, EventBus, Subscription, SubscriptionStatus } from '@slipway/plugin-kit';
import type { ServedModels } from '../served-models.ts';
import type { ServedVersion } from '../served-version.ts';
import type { StreamDelivery } from './delivery-window.ts';
import type { EventScore, EventScorer } from './event-scorer.ts';
import { LatencyWindow } from './latency-window.ts';
import { MicroBatcher, type Outcome } from './micro-batcher.ts';
import { readTableRow, type PredictionTable, type TableRow } from './prediction-table.ts';
import type { ReceivedEvent, ScoredEvent, StreamMessages } from './received-event.ts';
import { slotOf, type StreamDefinition, type StreamKey } from './stream.ts';

/** Telemetry of streams. */
export interface StreamMetrics {
  of(stream: StreamKey): {
    readonly scored: (by: number) => void;
    readonly dead: (by: number) => void;
    readonly latencySeconds: (seconds: number) => void;
  };
}

export interface StreamParts {
  readonly bus: EventBus;
  readonly models: Pick<ServedModels, 'find'>;
  readonly scorer: EventScorer;
  readonly messages: StreamMessages;
  readonly table: PredictionTable;
  readonly metrics: StreamMetrics;
  readonly delivery: StreamDelivery;
  /** Events of one batch. */
  readonly batchRows: number;
  /** Events in hand of one stream. */
  readonly inFlightMax: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StreamProgress {
  readonly state: 'waiting for model' | 'active' | 'reconnecting' | 'stalled' | 'stopped';
  readonly scored: number;
  readonly redelivered: number;
  readonly deadLettered: number;
  /** Undefined when unknown. */
  readonly pending: number | undefined;
  /** 0 while none is loaded. */
  readonly version: bigint;
  readonly latencyP50Micros: number;
  readonly latencyP99Micros: number;
}

interface Item {
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
}

/** What an event comes to: a result with its row of the table, or a dead letter. */
interface Settled {
  readonly delivery: Delivery;
  readonly message: BusMessage;
  readonly row: TableRow | undefined;
  readonly isDead: boolean;
}

/** An hour, the longest that the bus allows: an event waits for its model and for the feature store without being charged for it. */
const WAIT_MS_MAX = 3_600_000;
const RETRY_MS = [20, 100, 500, 2_000] as const;
const MODEL_POLL_MS = 50;

/** Takes the events of one stream from the bus, scores them in small batches, and acknowledges each when its effects are stored. */
export class RunningStream {
  readonly definition: StreamDefinition;
  readonly #parts: StreamParts;
  readonly #log: Logger;
  readonly #batcher: MicroBatcher<Item>;
  readonly #stopping = new AbortController();
  readonly #latencies = new LatencyWindow();
  readonly #metrics: ReturnType<StreamMetrics['of']>;
  #subscription: Subscription | undefined;
  #scored = 0;
  #dead = 0;

  constructor(definition: StreamDefinition, parts: StreamParts) {
    this.definition = definition;
    this.#parts = parts;
    this.#metrics = parts.metrics.of(definition);
    this.#log = parts.log.child({ stream: definition.name, workspace: definition.workspace });
    this.#batcher = new MicroBatcher({
      rowsMax: parts.batchRows,
      keyOf: ({ delivery }) => delivery.key,
      run: (items) => this.#runBatch(items),
    });
  }

  /** Resolves when the stream has its place on the bus. @throws {UnavailableError} when the bus cannot be reached. */
  async start(durable: string, subject: string): Promise<void> {
    const { bus, delivery, inFlightMax, batchRows, messages } = this.#parts;
    this.#subscription = await bus.subscribe(
      {
        durable,
        subject,
        from: this.definition.fromBeginning ? 'beginning' : 'now',
        ackWaitMs: delivery.ackWaitMs,
        deliveriesMax: delivery.deliveriesMax,
        backoffMs: delivery.backoffMs,
        inFlightMax,
        keyRunMax: batchRows,
        handlerTimeoutMs: WAIT_MS_MAX,
        deadLetter: (dead, error) => messages.deadLetter(this.definition, dead, error),
      },
      (received, signal) => this.#batcher.add({ delivery: received, signal }),
    );
  }

  /** What waits for a model or the feature store is given back to the bus, what is being stored is stored. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new UnavailableError('the stream stops here', { reason: 'STREAM_STOPPED' }));
    await this.#subscription?.drain();
  }

  progress(): StreamProgress {
    const status = this.#subscription?.status();
    const version = this.#current()?.ref.version ?? 0n;
    return {
      state: stateOf(status, version),
      scored: this.#scored,
      redelivered: Number(status?.redelivered ?? 0n),
      deadLettered: this.#dead + Number(status?.deadLettered ?? 0n),
      pending: status?.pending === undefined ? undefined : Number(status.pending),
      version,
      latencyP50Micros: this.#latencies.percentile(0.5),
      latencyP99Micros: this.#latencies.percentile(0.99),
    };
  }

  #current(): ServedVersion | undefined {
    return this.#parts.models.find(slotOf(this.definition))?.current;
  }

  /** When something is wrong with a batch and not with one event of it, each event is tried alone: it must not share another one's fate. */
  async #runBatch(items: readonly Item[]): Promise<readonly Outcome[]> {
    try {
      await this.#process(items);
      return [];
    } catch (error) {
      if (items.length === 1 || this.#stopping.signal.aborted || isTransient(error))
        return items.map(() => ({ error }));
      this.#log.warn({ err: error, events: items.length }, 'a batch failed; its events are scored one by one');
    }
    const outcomes: Outcome[] = [];
    const failed = new Map<string, Outcome>();
    for (const item of items) {
      const { key } = item.delivery;
      // behind one of its key that failed it would overtake it
      const outcome = failed.get(key) ?? (await this.#process([item]).then(noError, (error: unknown) => ({ error })));
      if (outcome) failed.set(key, outcome);
      outcomes.push(outcome);
    }
    return outcomes;
  }

  /** Resolves when the effects of all are stored. */
  async #process(items: readonly Item[]): Promise<void> {
    const settled = await this.#settle(items.map(({ delivery }) => delivery));
    // the bus has given up waiting for these, and may have delivered them again
    const kept = settled.filter((_, at) => items[at]?.signal.aborted !== true);
    const rows = kept.flatMap(({ row }) => row ?? []);
    const { table, bus, clock } = this.#parts;
    // The table first: it takes a repeat at any time, while the bus knows ids for a time only, so nothing may come between result and acknowledgement.
    if (rows.length > 0) await this.#untilAvailable((signal) => table.write(this.definition, rows, signal));
    const results = kept.map(({ message }) => message);
    await this.#publish((signal) => bus.publish(results, signal));
    this.#count(kept, Number(clock.now() / 1_000n));
  }

  #count(settled: readonly Settled[], nowMs: number): void {
    const dead = settled.filter(({ isDead }) => isDead).length;
    this.#dead += dead;
    this.#scored += settled.length - dead;
    this.#metrics.dead(dead);
    this.#metrics.scored(settled.length - dead);
    for (const { delivery } of settled) {
      if (delivery.storedAtMs === undefined) continue;
      const latencyMs = Math.max(0, nowMs - delivery.storedAtMs); // the broker's clock may be ahead of ours
      this.#latencies.add(latencyMs * 1_000);
      this.#metrics.latencySeconds(latencyMs / 1_000);
    }
  }

  /** One result or dead letter for each, in their order. */
  async #settle(deliveries: readonly Delivery[]): Promise<readonly Settled[]> {
    const { messages, scorer } = this.#parts;
    const read = deliveries.map((delivery) => readOrFault(() => messages.read(this.definition, delivery)));
    const events = read.flatMap((each) => ('event' in each ? each.event : []));
    const { scores, version } = await this.#score(events, scorer);
    let next = 0;
    return deliveries.map((delivery, at) => {
      const each = read[at];
      if (!each || 'fault' in each) return this.#giveUp(delivery, each?.fault);
      const score = scores[next++];
      if (!score || 'fault' in score || !version)
        return this.#giveUp(delivery, score && 'fault' in score ? score.fault : undefined);
      return this.#result(delivery, each.event, score.outputs, version);
    });
  }

  #result(
    delivery: Delivery,
    event: ReceivedEvent,
    outputs: Readonly<Record<string, number>>,
    { ref }: ServedVersion,
  ): Settled {
    const { messages } = this.#parts;
    const { model, alias, table, tableKeys } = this.definition;
    let row: TableRow | undefined;
    try {
      row = table === '' ? undefined : readTableRow(tableKeys, event, outputs, delivery.sequence);
    } catch (error) {
      return this.#giveUp(delivery, error);
    }
    const scored: ScoredEvent = { event, model, alias, version: ref.version, digest: ref.digest, outputs };
    return { delivery, message: messages.result(this.definition, scored), row, isDead: false };
  }

  #giveUp(delivery: Delivery, fault: unknown): Settled {
    const { id, subject } = delivery;
    this.#log.warn({ err: fault, id, subject }, 'an event cannot be scored; it goes to the dead letters');
    const message = this.#parts.messages.deadLetter(this.definition, delivery, fault);
    return { delivery, message, row: undefined, isDead: true };
  }

  /** All with one version. It waits for one to be loaded, and for the feature store, as long as the bus lets it. */
  async #score(
    events: readonly ReceivedEvent[],
    scorer: EventScorer,
  ): Promise<{ readonly scores: readonly EventScore[]; readonly version: ServedVersion | undefined }> {
    if (events.length === 0) return { scores: [], version: undefined };
    const { workspace, model } = this.definition;
    return this.#untilAvailable(async (signal) => {
      let version = this.#current();
      while (!version) {
        await this.#parts.clock.sleep(MODEL_POLL_MS, signal);
        version = this.#current();
      }
      const used = version;
      const scores = await used.use((loaded) => scorer.score(workspace, model, loaded, events, signal));
      return { scores, version: used };
    });
  }

  /** Repeats what fails because something is away, until the stream stops. */
  async #untilAvailable<Result>(step: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { signal } = this.#stopping;
    for (let failed = 0; ; failed += 1) {
      signal.throwIfAborted();
      try {
        return await step(signal);
      } catch (error) {
        if (signal.aborted || !isTransient(error)) throw error;
        if (failed === 0) this.#log.warn({ err: error }, 'a batch waits for what is away');
      }
      await this.#parts.clock.sleep(RETRY_MS[Math.min(failed, RETRY_MS.length - 1)] ?? 0, signal);
    }
  }

  /** Also while the stream stops: it is almost done. Not for longer than an ack wait, which the deduplication window counts on. */
  async #publish(step: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { clock, delivery } = this.#parts;
    const endsAt = clock.monotonicMs() + delivery.ackWaitMs;
    const never = new AbortController().signal;
    for (let failed = 0; ; failed += 1) {
      try {
        return void (await step(never));
      } catch (error) {
        const waitMs = RETRY_MS[Math.min(failed, RETRY_MS.length - 1)] ?? 0;
        if (!isTransient(error) || clock.monotonicMs() + waitMs >= endsAt) throw error;
        await clock.sleep(waitMs);
      }
    }
  }
}

const noError = (): undefined => undefined;

const isTransient = (error: unknown): boolean => error instanceof DomainError && error.kind === 'unavailable';

function readOrFault(read: () => ReceivedEvent): { readonly event: ReceivedEvent } | { readonly fault: unknown } {
  try {
    return { event: read() };
  } catch (fault) {
    return { fault };
  }
}

function stateOf(status: SubscriptionStatus | undefined, version: bigint): StreamProgress['state'] {
  if (!status || status.state === 'draining' || status.state === 'closed') return 'stopped';
  if (status.state !== 'active') return status.state;
  return version === 0n ? 'waiting for model' : 'active';
}
