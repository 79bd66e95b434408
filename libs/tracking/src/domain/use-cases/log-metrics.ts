import type { TrackingDependencies } from '../dependencies.ts';
import { streamOrder } from '../errors.ts';
import { assertKey } from '../keys.ts';
import { assertLoggedModels } from '../lookup.ts';
import { assertTimestamp, subjectsOf, type MetricPoint } from '../metric.ts';
import type { Call } from '../unit-of-work.ts';

/** One message of a stream of points. */
export interface MetricMessage {
  /** Empty after the first one. */
  readonly runId: string;
  readonly points: readonly MetricPoint[];
}

/** Points of one stream that may wait to be stored: two transactions' worth, so that one is filled while the other is written. */
const STREAM_POINTS_MAX = 20_000;
/** Keys of a stream that are not checked again. */
const KNOWN_KEYS_MAX = 10_000;

/** Checks the messages of one stream; most points have a key that an earlier one had. */
class MessageReader {
  readonly #known = new Set<string>();
  readonly #models = new Set<string>();
  runId = '';

  /** @throws {InvalidArgumentError} reason STREAM_ORDER or KEY_INVALID, naming the field. */
  check({ runId, points }: MetricMessage): void {
    if (this.runId === '' && runId === '') throw streamOrder('run_id', 'name the run in the first message');
    if (this.runId !== '' && runId !== '' && runId !== this.runId) {
      throw streamOrder('run_id', 'one stream is about one run; open another one for another run');
    }
    if (this.runId === '') this.runId = runId;
    points.forEach(({ key, timestamp }, index) => {
      assertTimestamp(timestamp, `metrics[${index}].timestamp`);
      if (this.#known.has(key)) return;
      assertKey('metric', key, `metrics[${index}].key`);
      if (this.#known.size < KNOWN_KEYS_MAX) this.#known.add(key);
    });
  }

  /** The logged models of a message that this stream has not named before. @throws {InvalidArgumentError} on half a dataset. */
  newModels({ points }: MetricMessage): readonly string[] {
    if (!points.some(({ about }) => about !== undefined)) return []; // nearly always
    const found = [...subjectsOf(points, 'metrics')].filter((id) => !this.#models.has(id));
    for (const id of found) if (this.#models.size < KNOWN_KEYS_MAX) this.#models.add(id);
    return found;
  }
}

/** What a stream has taken in and what has become of it. */
class StreamState {
  /** Stored, in the order of the stream. */
  durable = 0n;
  /** Taken, neither stored nor refused. */
  waiting = 0;
  failure: unknown;
  /** Points of the stream were refused: what comes after them is not counted, so that the count tells where to go on. */
  hasGap = false;
  ended = false;
  readonly #roomWaiters: (() => void)[] = [];
  #wake: () => void = () => undefined;
  #changed = this.#nextChange();

  /** Nothing more will become of it. */
  get isOver(): boolean {
    return this.waiting === 0 && (this.ended || this.failure !== undefined);
  }

  /** Resolves at the next change after the last call. */
  async changed(): Promise<void> {
    await this.#changed;
    this.#changed = this.#nextChange();
  }

  change(apply: () => void): void {
    apply();
    this.#wake();
    for (const go of this.#roomWaiters.splice(0)) go();
  }

  /** Resolves when the stream may take more, or has failed. */
  async room(): Promise<void> {
    while (this.waiting >= STREAM_POINTS_MAX && this.failure === undefined) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    }
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Hands points to the writer as they come and as long as there is room; notes what becomes of them. */
async function takeIn(
  { caller }: Call,
  messages: AsyncIterable<MetricMessage>,
  { metrics: writer, unitOfWork }: TrackingDependencies,
  state: StreamState,
  signal: AbortSignal,
): Promise<void> {
  const reader = new MessageReader();
  for await (const message of messages) {
    if (state.failure !== undefined) return;
    reader.check(message);
    const models = reader.newModels(message);
    if (models.length > 0) await unitOfWork.read(caller, (reads) => assertLoggedModels(reads, models));
    const { points } = message;
    const settled = (apply: () => void) => () =>
      state.change(() => {
        state.waiting -= points.length;
        apply();
      });
    state.waiting += points.length;
    const stored = settled(() => (state.durable += state.hasGap ? 0n : BigInt(points.length)));
    const refused = (error: unknown): void =>
      settled(() => {
        state.hasGap = true;
        state.failure ??= error;
      })();
    void writer.append(caller.workspace, reader.runId, points).then(stored, refused); // without points it asks whether the run takes any
    await state.room();
    await writer.room(signal);
  }
}

/**
 * Stores points as they come. Each value that is yielded says how many points of this stream are durable; the last one, before the end or a failure,
 * counts all of them.
 * @throws {NotFoundError} reason RUN_NOT_FOUND or LOGGED_MODEL_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE.
 * @throws {InvalidArgumentError} reason STREAM_ORDER or KEY_INVALID.
 */
export async function* logMetrics(
  call: Call,
  messages: AsyncIterable<MetricMessage>,
  deps: TrackingDependencies,
  signal: AbortSignal,
): AsyncGenerator<bigint, void, undefined> {
  const state = new StreamState();
  void takeIn(call, messages, deps, state, signal).then(
    () => state.change(() => (state.ended = true)),
    (error: unknown) => state.change(() => (state.failure ??= error)),
  );
  try {
    let told = 0n;
    for (;;) {
      const { isOver, durable, failure } = state;
      if (durable > told) {
        told = durable;
        yield told;
        continue;
      }
      if (isOver && failure !== undefined) throw failure;
      if (isOver && told === 0n) yield told; // an empty stream gets its answer, too
      if (isOver) return;
      await state.changed();
    }
  } finally {
    state.change(() => (state.failure ??= new Error('nobody waits for this stream any more')));
  }
}
