import { UnavailableError, type Clock, type Component, type Logger } from '@slipway/kernel';
import type { LoggedCall } from './logged-call.ts';

export interface PredictionSink {
  /**
   * Hands a batch on; nobody repeats it.
   * @param dropped rows lost since the start. @throws {UnavailableError} when none of it may have arrived.
   * @returns rows that could not be sent at all.
   */
  publish(calls: readonly LoggedCall[], dropped: number, signal: AbortSignal): Promise<number>;
}

export interface PredictionLogOptions {
  readonly sink: PredictionSink;
  /** Rows that may wait; further ones are dropped. */
  readonly rowsMax: number;
  /** Rows after which a batch goes out at once; also about the size of a batch, so that none holds up the event loop. */
  readonly batchRows: number;
  /** Longest wait of a row while there is nothing else to send. */
  readonly flushMs: number;
  /** After this a batch counts as lost. */
  readonly publishTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of rows that were lost. */
  readonly onDropped: (rows: number) => void;
}

/**
 * Telemetry of predictions: kept in memory for a moment, sent in batches, lost rather than waited for. `add` neither waits nor throws; what
 * is lost is counted.
 */
export class PredictionLog implements Component {
  readonly name = 'prediction-log';
  readonly #options: PredictionLogOptions;
  #waiting: LoggedCall[] = [];
  #rows = 0;
  #dropped = 0;
  #wake = new AbortController();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: PredictionLogOptions) {
    this.#options = options;
  }

  /** Rows lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Rows that wait. */
  get waiting(): number {
    return this.#rows;
  }

  add(call: LoggedCall): void {
    const { rowsMax, batchRows } = this.#options;
    const count = call.predictionIds.length;
    if (this.#rows + count > rowsMax || this.#stopping.signal.aborted) return this.#drop(count);
    this.#waiting.push(call);
    this.#rows += count;
    if (this.#rows >= batchRows && !this.#wake.signal.aborted) this.#wake.abort();
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  /** Sends what waits. Calls have ended by then: the server drains first. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#running;
  }

  async stop(): Promise<void> {
    await this.drain();
  }

  async #run(): Promise<void> {
    const { clock, flushMs } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(flushMs, this.#wake.signal).catch(() => undefined); // a full batch, or the end
      if (!this.#stopping.signal.aborted) this.#wake = new AbortController();
      await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    for (let left = this.#rows; left > 0;) {
      const batch = this.#take();
      const rows = countRows(batch);
      left -= rows;
      await this.#publish(batch, rows);
    }
  }

  #take(): LoggedCall[] {
    let count = 0;
    let rows = 0;
    for (; count < this.#waiting.length && rows < this.#options.batchRows; count += 1) {
      rows += this.#waiting[count]?.predictionIds.length ?? 0;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#rows -= rows;
    return batch;
  }

  async #publish(batch: readonly LoggedCall[], rows: number): Promise<void> {
    const { sink, clock, publishTimeoutMs, log } = this.#options;
    const [late, timer] = [new AbortController(), new AbortController()];
    const expired = clock.sleep(publishTimeoutMs, timer.signal).then(() => {
      late.abort(new UnavailableError(`the bus took longer than ${publishTimeoutMs} ms`));
      throw late.signal.reason;
    });
    expired.catch(() => undefined); // heard by the race, unless the sink was faster
    try {
      const lost = await Promise.race([sink.publish(batch, this.#dropped, late.signal), expired]);
      if (lost > 0) this.#drop(lost);
    } catch (error) {
      this.#drop(rows);
      log.warn({ err: error, rows, dropped: this.#dropped }, 'predictions could not be logged');
    } finally {
      timer.abort();
    }
  }

  #drop(rows: number): void {
    this.#dropped += rows;
    this.#options.onDropped(rows);
  }
}

const countRows = (calls: readonly LoggedCall[]): number =>
  calls.reduce((sum, { predictionIds }) => sum + predictionIds.length, 0);
