import { createHash } from 'node:crypto';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, IdSource, ViewTable } from '@slipway/plugin-kit';

/** Part of the name of every cached file: raise it when the same definition gives another index. */
const FORMAT = 1;
const BYTES_PER_MEBI = 1024 * 1024;

/** What the files of a cache are worth: nothing that could not be built again. Each is written under another name and then renamed. */
export class IndexCache {
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #building = new Map<string, Promise<unknown>>();
  readonly #used = new Map<string, number>();
  /** Never rejects, so that the next one starts in any case. */
  #evicting: Promise<void> = Promise.resolve();

  constructor(directory: string, mebibytes: number, dependencies: { clock: Clock; ids: IdSource }) {
    this.#directory = directory;
    this.#bytesMax = mebibytes * BYTES_PER_MEBI;
    this.#clock = dependencies.clock;
    this.#ids = dependencies.ids;
  }

  /** Removes what builds left that a crash ended. Before the first use. */
  async removeUnfinished(): Promise<void> {
    const left = (await readdir(this.#directory)).filter((name) => name.endsWith('.part'));
    await Promise.all(left.map((name) => rm(join(this.#directory, name), { force: true })));
  }

  /**
   * Gives `work` the index of a view, built first where there is none. The file stays until `work` has ended.
   * @param build writes the index to the file that it is given.
   */
  async use<T>(
    view: ViewTable,
    createdCutoff: boolean,
    signal: AbortSignal,
    build: (file: string) => Promise<void>,
    work: (file: string) => Promise<T>,
  ): Promise<T> {
    const file = join(this.#directory, `${cacheKey(view, createdCutoff)}.parquet`);
    this.#used.set(file, (this.#used.get(file) ?? 0) + 1);
    try {
      await this.#evicting; // it may be removing this file right now
      while (!(await exists(file))) {
        const other = this.#building.get(file);
        // Whatever became of the other build, e.g. aborted by its own caller, the next look at the file tells.
        if (other) await settled(other, signal);
        else await this.#build(file, build);
      }
      const now = Number(this.#clock.now() / 1000n) / 1000;
      await utimes(file, now, now);
      return await work(file);
    } finally {
      const users = (this.#used.get(file) ?? 1) - 1;
      if (users === 0) this.#used.delete(file);
      else this.#used.set(file, users);
      this.#evicting = this.#evicting.then(() => this.#evict());
      await this.#evicting;
    }
  }

  async #build(file: string, build: (file: string) => Promise<void>): Promise<void> {
    const attempt = `${file}.${this.#ids.next()}.part`;
    const building = (async () => {
      try {
        await build(attempt);
        await rename(attempt, file);
      } finally {
        await rm(attempt, { force: true });
      }
    })();
    this.#building.set(file, building);
    try {
      await building;
    } finally {
      this.#building.delete(file);
    }
  }

  /** The least recently used go first, but none that is in use. */
  async #evict(): Promise<void> {
    const files = await Promise.all(
      (await readdir(this.#directory).catch(() => []))
        .filter((name) => name.endsWith('.parquet'))
        .map(async (name) => {
          const file = join(this.#directory, name);
          const found = await stat(file).catch(() => undefined); // another eviction was faster
          return { file, bytes: found?.size ?? 0, usedAtMs: found?.mtimeMs ?? 0 };
        }),
    );
    let bytes = files.reduce((total, entry) => total + entry.bytes, 0);
    for (const entry of files.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (bytes <= this.#bytesMax) return;
      if (this.#used.has(entry.file)) continue;
      await rm(entry.file, { force: true }).catch(() => undefined); // tried again after the next use
      bytes -= entry.bytes;
    }
  }
}

/** Two views with the same files share an index when they have the same keys and features, whatever their names. */
function cacheKey(view: ViewTable, createdCutoff: boolean): string {
  const features = view.features.map(({ name, type, from }) =>
    'column' in from
      ? [name, type, from.column]
      : [name, type, from.aggregation.function, from.aggregation.column, String(from.aggregation.windowMicros)],
  );
  const keys = view.keys.map(({ name, type }) => [name, type]);
  return createHash('sha256')
    .update(JSON.stringify([FORMAT, view.snapshotId, keys, features, createdCutoff]))
    .digest('hex');
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Resolves when `other` has, either way. @throws the signal's reason when it aborts first. */
async function settled(other: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    void other
      .catch(() => undefined)
      .then(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
  });
}
