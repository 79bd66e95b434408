import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AssignedDeployment } from '@slipway/assignments';
import { DomainError, type Clock, type Component, type Logger } from '@slipway/kernel';
import type { LoggedCall, LoggedNumbers, LoggedShadow } from './logged-call.ts';
import { loggedOutputs } from './logged-values.ts';
import type { Prediction, PredictionRequest, Predictor } from './predictor.ts';
import type { ServedModels } from './served-models.ts';
import type { SlotKey } from './slot-key.ts';
import { StageClock } from './stages.ts';

/** An answered call whose rows others score as well. */
export interface ShadowedCall {
  /** To be logged once the shadows are done; still without them. */
  readonly call: LoggedCall;
  readonly request: PredictionRequest;
  readonly answered: Prediction;
  /** One or more. */
  readonly shadows: readonly AssignedDeployment[];
  readonly traceparent: string | undefined;
}

/** Counts rows. */
export interface ShadowMetrics {
  scored(key: SlotKey, rows: number): void;
  /** @param reason a stable word, e.g. MODEL_NOT_READY. */
  failed(key: SlotKey, reason: string, rows: number): void;
  /** Rows of shadows that had no room, or no time before the server ended. */
  dropped(rows: number): void;
}

export interface ShadowScorerOptions {
  readonly models: Pick<ServedModels, 'find'>;
  readonly predictor: Pick<Predictor, 'rescore'>;
  /** Rows of calls that may wait; the shadows of further calls are left out. */
  readonly rowsMax: number;
  /** Longest time for what waits when the server ends: the log behind it needs some of the budget, too. */
  readonly drainMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ShadowMetrics;
  /** Takes each call once, with the shadows that came about. */
  readonly done: (call: LoggedCall) => void;
}

/** Calls whose shadows are scored at once: one computes while another fetches features, and callers have the rest of the runtime. */
const CALLS_AT_ONCE = 2;

/**
 * Scores rows again, after their caller has the answer. Its calls take turns with those of callers. What cannot be scored is left out and counted;
 * the call itself is always handed on.
 */
export class ShadowScorer implements Component {
  readonly name = 'shadow-scorer';
  readonly #options: ShadowScorerOptions;
  readonly #waiting: ShadowedCall[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #rows = 0;
  #isDraining = false;
  #isFull = false;

  constructor(options: ShadowScorerOptions) {
    this.#options = options;
  }

  /** Rows of calls that wait or are being scored. */
  get rows(): number {
    return this.#rows;
  }

  /** Neither waits nor throws. */
  add(shadowed: ShadowedCall): void {
    const rows = rowsOf(shadowed);
    if (this.#isDraining || this.#rows + rows > this.#options.rowsMax) return this.#refuse(shadowed);
    this.#isFull = false;
    this.#rows += rows;
    this.#waiting.push(shadowed);
    if (this.#running.size >= CALLS_AT_ONCE) return;
    const running = this.#work().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async start(): Promise<void> {
    await Promise.resolve();
  }

  /** Scores what waits; what is left after `drainMs` or when `signal` aborts is counted as lost, and its calls are logged without. */
  async drain(signal: AbortSignal): Promise<void> {
    const { clock, drainMs } = this.#options;
    this.#isDraining = true;
    const done = new AbortController();
    const late = clock.sleep(drainMs, AbortSignal.any([signal, done.signal])).catch(() => undefined); // the budget ended, or the work
    await Promise.race([Promise.all(this.#running), late]);
    done.abort();
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#isDraining = true;
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #work(): Promise<void> {
    await nextTurn(); // the answer is written first
    for (let shadowed = this.#waiting.shift(); shadowed; shadowed = this.#waiting.shift()) {
      const call = await this.#withShadows(shadowed);
      this.#rows -= rowsOf(shadowed);
      this.#options.done(call);
      await nextTurn(); // callers who have come meanwhile are not held up
    }
  }

  async #withShadows(shadowed: ShadowedCall): Promise<LoggedCall> {
    const { call, shadows } = shadowed;
    const known = new Map([[call.digest, call.outputs]]);
    const logged: LoggedShadow[] = [];
    for (const { model, alias } of shadows) {
      const shadow = await this.#shadow(shadowed, { workspace: call.workspace, model, alias }, known);
      if (shadow) logged.push(shadow);
    }
    return { ...call, shadows: logged };
  }

  /** @param known outputs for these rows by digest: nothing is scored twice. */
  async #shadow(
    shadowed: ShadowedCall,
    key: SlotKey,
    known: Map<string, readonly LoggedNumbers[]>,
  ): Promise<LoggedShadow | undefined> {
    const { models, metrics, log } = this.#options;
    const rows = rowsOf(shadowed);
    if (this.#stopping.signal.aborted) {
      metrics.dropped(rows);
      return undefined;
    }
    const version = models.find(key)?.current;
    if (!version) {
      metrics.failed(key, 'MODEL_NOT_READY', rows);
      return undefined;
    }
    const { ref } = version;
    try {
      const outputs = known.get(ref.digest) ?? (await version.use((scorer) => this.#score(scorer, key, shadowed)));
      known.set(ref.digest, outputs);
      metrics.scored(key, rows);
      return { model: key.model, alias: key.alias, version: ref.version, digest: ref.digest, outputs };
    } catch (error) {
      if (this.#stopping.signal.aborted) metrics.dropped(rows);
      else metrics.failed(key, error instanceof DomainError ? error.reason : 'INTERNAL', rows);
      log.debug({ err: error, ...key, rows }, 'a shadow could not score');
      return undefined;
    }
  }

  async #score(
    scorer: Parameters<Predictor['rescore']>[0],
    { model }: SlotKey,
    { call, request, answered, traceparent }: ShadowedCall,
  ): Promise<readonly LoggedNumbers[]> {
    const { predictor, clock } = this.#options;
    const around = {
      signal: this.#stopping.signal,
      deadlineMs: undefined,
      requestId: call.requestId,
      traceparent,
      stages: new StageClock(clock, 'pre_process'),
    };
    const { outputs, rows } = await predictor.rescore(scorer, { ...request, model }, answered, around);
    return loggedOutputs(outputs, rows);
  }

  #refuse(shadowed: ShadowedCall): void {
    const { metrics, log, done, rowsMax } = this.#options;
    metrics.dropped(rowsOf(shadowed) * shadowed.shadows.length);
    if (!this.#isFull && !this.#isDraining) {
      this.#isFull = true;
      log.warn({ rowsMax }, 'shadows are left out: more rows wait for them than serving.shadow-rows-max');
    }
    done(shadowed.call);
  }
}

const rowsOf = ({ call }: ShadowedCall): number => call.predictionIds.length;
