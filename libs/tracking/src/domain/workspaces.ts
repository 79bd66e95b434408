import { DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME, newExperiment } from './experiment.ts';
import { toMillis } from './millis.ts';
import type { Call, TrackingUnitOfWork } from './unit-of-work.ts';

/** Workspaces that are not asked about again; a further one costs a transaction now and then. */
const KNOWN_MAX = 10_000;

/** Gives every workspace its experiment `Default` when it is first looked at. */
export class Workspaces {
  readonly #unitOfWork: TrackingUnitOfWork;
  readonly #known = new Set<string>();

  constructor(unitOfWork: TrackingUnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /** After it the workspace has, or had, the experiment `0`; a deleted one stays deleted. */
  async ensure(call: Call): Promise<void> {
    const { workspace } = call.caller;
    if (this.#known.has(workspace)) return;
    await this.#unitOfWork.run(call, (tx) => {
      const caller = { ...call.caller, principal: 'slipway' }; // nobody in particular has made it
      const draft = { name: DEFAULT_EXPERIMENT_NAME, tags: {}, artifactLocation: '' };
      const made = newExperiment(DEFAULT_EXPERIMENT_ID, draft, caller, toMillis(tx.now));
      return tx.experiments.ensureDefault(made);
    });
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.add(workspace);
  }
}
