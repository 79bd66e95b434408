import { UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import type { LoadedScorer, VersionLoader, VersionRef } from './ports.ts';
import { ServedVersion } from './served-version.ts';
import { Turns } from './turns.ts';

export interface VersionPoolOptions {
  readonly loader: VersionLoader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly drainMs: number;
  readonly loadsMax: number;
  readonly loadTimeoutMs: number;
}

interface Entry {
  references: number;
  readonly abort: AbortController;
  readonly loaded: Promise<ServedVersion>;
  isLoaded: boolean;
}

const idOf = ({ workspace, model, version, digest }: VersionRef): string =>
  `${workspace}/${model}/${version}/${digest}`;

/** Loaded versions by identity: the same version under two aliases is in memory once. Its size is bounded by the number of slots. */
export class VersionPool {
  readonly #options: VersionPoolOptions;
  readonly #turns: Turns;
  readonly #entries = new Map<string, Entry>();
  readonly #retiring = new Set<Promise<void>>();

  constructor(options: VersionPoolOptions) {
    this.#options = options;
    this.#turns = new Turns(options.loadsMax, Infinity); // one per slot at most
  }

  /** Versions in memory or being loaded. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * One reference to the version, loaded when it is not there yet. When `signal` aborts the reference is given back, and a load that nobody
   * else waits for is aborted.
   */
  async acquire(ref: VersionRef, signal: AbortSignal): Promise<ServedVersion> {
    signal.throwIfAborted();
    const id = idOf(ref);
    const entry = this.#entries.get(id) ?? this.#open(id, ref);
    entry.references += 1;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([entry.loaded, aborted.promise]);
    } catch (error) {
      this.#release(id, entry);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Gives one reference back; the last one retires the version in the background. */
  release(version: ServedVersion): void {
    const id = idOf(version.ref);
    const entry = this.#entries.get(id);
    if (entry) this.#release(id, entry);
  }

  /** Resolves when all versions that were given up until now are closed. */
  async settled(): Promise<void> {
    while (this.#retiring.size > 0) await Promise.all(this.#retiring);
  }

  #open(id: string, ref: VersionRef): Entry {
    const abort = new AbortController();
    const loaded = this.#turns
      .run(() => this.#load(ref, abort), abort.signal)
      .then((scorer) => {
        entry.isLoaded = true;
        return new ServedVersion(ref, scorer);
      });
    const entry: Entry = { references: 0, abort, loaded, isLoaded: false };
    this.#entries.set(id, entry);
    return entry;
  }

  async #load(ref: VersionRef, abort: AbortController): Promise<LoadedScorer> {
    const { loader, clock, loadTimeoutMs } = this.#options;
    const timer = new AbortController();
    const late = clock.sleep(loadTimeoutMs, timer.signal).then(
      () => true,
      () => false, // the load was faster
    );
    const loading = loader.load(ref, abort.signal);
    try {
      const isLate = await Promise.race([loading.then(() => false), late]);
      if (!isLate) return await loading;
      const error = new UnavailableError(`loading took longer than ${loadTimeoutMs} ms`, { reason: 'LOAD_TIMEOUT' });
      abort.abort(error);
      void loading.then(
        (scorer) => this.#discard(ref, scorer),
        () => undefined,
      ); // too late either way
      throw error;
    } finally {
      timer.abort();
    }
  }

  #release(id: string, entry: Entry): void {
    entry.references -= 1;
    if (entry.references > 0) return;
    // a later acquire of the same version loads it anew rather than reviving one that is closing
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
    entry.abort.abort();
    const retiring = this.#retire(entry).finally(() => this.#retiring.delete(retiring));
    if (entry.isLoaded) this.#retiring.add(retiring); // a load that ignores its signal must not hold up the end of the server
  }

  async #retire(entry: Entry): Promise<void> {
    let version: ServedVersion;
    try {
      version = await entry.loaded;
    } catch {
      return; // it never loaded, and whoever waited for it has the error
    }
    await this.#guard(version.ref, version.retire(this.#options.clock, this.#options.drainMs, this.#options.log));
  }

  async #discard(ref: VersionRef, scorer: LoadedScorer): Promise<void> {
    await this.#guard(ref, scorer.close());
  }

  async #guard({ model, version }: VersionRef, closing: Promise<void>): Promise<void> {
    try {
      await closing;
    } catch (error) {
      this.#options.log.error({ err: error, model, version: `${version}` }, 'a version could not be closed');
    }
  }
}
