import type { Component } from '@slipway/kernel';
import type { ServedModels } from './domain/served-models.ts';
import type { PackageCache } from './store/package-cache.ts';

/** The life of the loaded models: taken up from the table at the start, closed when no call comes any more. */
export class ServingModelsComponent implements Component {
  readonly name = 'serving-models';
  readonly #models: ServedModels;
  readonly #packages: PackageCache;
  #restored = 0;
  #isDraining = false;

  constructor(models: ServedModels, packages: PackageCache) {
    this.#models = models;
    this.#packages = packages;
  }

  /** Slots with a version that the table held at the start. */
  get restored(): number {
    return this.#restored;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Loads go on behind it: a process that starts is not held up by a large model. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#packages.prepare();
    this.#restored = await this.#models.restore(signal);
  }

  /** Loads end; what answers goes on answering the calls that are still let in. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#models.stopLoading();
  }

  async stop(): Promise<void> {
    this.#isDraining = true;
    await this.#models.close();
  }
}
