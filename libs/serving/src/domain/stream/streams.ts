import { DomainError, type Clock, type Component, type Logger } from '@slipway/kernel';
import { assertWindowSafe } from './delivery-window.ts';
import { RunningStream, type StreamParts, type StreamProgress } from './running-stream.ts';
import type { StreamDefinition, StreamKey, StreamStore } from './stream.ts';

export interface StreamsOptions {
  readonly store: StreamStore;
  readonly parts: StreamParts;
  /** Name of this server. */
  readonly owner: string;
  /** Between two looks at the definitions; a third of the lease or less. */
  readonly refreshMs: number;
  /** How long a stream of a server that died waits for another one. */
  readonly leaseMs: number;
  /** Name of the durable consumer, and the subjects of its events. */
  readonly placeOf: (stream: StreamDefinition) => { readonly durable: string; readonly subject: string };
  readonly clock: Clock;
  readonly log: Logger;
}

const idOf = ({ workspace, name }: StreamKey): string => `${workspace}/${name}`;

/**
 * The streams that this server scores. A stream is scored by one server at a time, the one that holds its lease: only then does order hold per
 * key. Others wait and take over when the lease ends.
 */
export class Streams implements Component {
  readonly name = 'streams';
  readonly #options: StreamsOptions;
  readonly #log: Logger;
  readonly #running = new Map<string, RunningStream>();
  readonly #stopping = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();
  #leasedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** @throws {FailedPreconditionError} STREAM_WINDOW_UNSAFE when there are streams, and the bus forgets ids too soon for them. */
  assertSafe(): void {
    const { bus, delivery } = this.#options.parts;
    assertWindowSafe(bus.capabilities.deduplicationWindowMs, delivery);
  }

  async start(): Promise<void> {
    const defined = await this.#options.store.listAll();
    if (defined.length > 0) this.assertSafe();
    await this.refresh().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'streams could not be started; tried again soon'); // e.g. while the broker is away
    });
    this.#loop = this.#refreshForEver();
  }

  async drain(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#turn;
    await this.#stopAll();
    await this.#options.store.release(this.#options.owner).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'streams were not handed back; another server takes them when their lease ends');
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#turn;
    await this.#stopAll();
  }

  /** Undefined when another server, or none, scores it. */
  progressOf(key: StreamKey): StreamProgress | undefined {
    return this.#running.get(idOf(key))?.progress();
  }

  /** Makes what runs what is defined and leased; calls at the same time go one after the other. @throws what kept a stream from starting. */
  refresh(): Promise<void> {
    const next = this.#turn.then(() => this.#refresh());
    this.#turn = next.catch(() => undefined); // told to whoever asked; the next turn begins anew
    return next;
  }

  async #refresh(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { store, owner, leaseMs, clock } = this.#options;
    const askedAtMs = clock.monotonicMs();
    const leased = await store.lease({ owner, leaseMs });
    this.#leasedAtMs = askedAtMs;
    const ids = new Set(leased.map(({ id }) => id));
    for (const [key, running] of this.#running) if (!ids.has(running.definition.id)) await this.#end(key, running);
    const failures: unknown[] = [];
    for (const definition of leased) {
      if (this.#running.has(idOf(definition))) continue;
      await this.#begin(definition).catch((error: unknown) => void failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #begin(definition: StreamDefinition): Promise<void> {
    this.assertSafe();
    const { durable, subject } = this.#options.placeOf(definition);
    const running = new RunningStream(definition, this.#options.parts);
    await running.start(durable, subject);
    this.#running.set(idOf(definition), running);
    this.#log.info({ stream: definition.name, workspace: definition.workspace, durable }, 'scoring a stream');
  }

  /** It was deleted, or another server has it now. */
  async #end(key: string, running: RunningStream): Promise<void> {
    await running.stop();
    this.#running.delete(key);
    const { definition } = running;
    this.#log.info({ stream: definition.name, workspace: definition.workspace }, 'no longer scoring a stream');
    const stored = await this.#options.store.get(definition);
    if (stored?.definition.id === definition.id) return;
    await this.#options.parts.bus.forget(this.#options.placeOf(definition).durable);
  }

  async #refreshForEver(): Promise<void> {
    const { clock, refreshMs, leaseMs } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(refreshMs, signal).catch(() => undefined); // stopped: the loop ends
      if (signal.aborted) return;
      try {
        await this.refresh();
      } catch (error) {
        this.#log.warn({ err: describe(error) }, 'streams could not be compared with their definitions');
        // somebody else may score them by now
        if (clock.monotonicMs() - this.#leasedAtMs > leaseMs) await this.#stopAll();
      }
    }
  }

  async #stopAll(): Promise<void> {
    const running = [...this.#running];
    this.#running.clear();
    await Promise.all(running.map(([, stream]) => stream.stop()));
  }
}

const describe = (error: unknown): unknown => (error instanceof DomainError ? error.message : error);
