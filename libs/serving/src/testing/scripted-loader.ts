import { UnavailableError } from '@slipway/kernel';
import type { ModelSignature, Tensor } from '@slipway/plugin-kit';
import type { LoadedScorer, VersionLoader, VersionRef } from '../domain/ports.ts';

export const VERSION_SIGNATURE: ModelSignature = {
  inputs: [],
  outputs: [{ name: 'version', datatype: 'INT64', shape: [1] }],
};

/** Answers with its own version number; a call to a closed one fails, as with a real runtime. */
export class VersionScorer implements LoadedScorer {
  readonly signature = VERSION_SIGNATURE;
  readonly features: readonly string[] = [];
  readonly ref: VersionRef;
  closed = false;
  running = 0;

  constructor(ref: VersionRef) {
    this.ref = ref;
  }

  async score(): Promise<readonly Tensor[]> {
    if (this.closed) throw new UnavailableError('called after close');
    return [{ name: 'version', datatype: 'INT64', shape: [1], data: BigInt64Array.of(this.ref.version) }];
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export interface PendingLoad {
  readonly ref: VersionRef;
  readonly signal: AbortSignal;
  succeed(): void;
  fail(error: Error): void;
}

/** Loads end when the test says so. */
export class ScriptedLoader implements VersionLoader {
  readonly pending: PendingLoad[] = [];
  readonly scorers: VersionScorer[] = [];
  started = 0;

  load(ref: VersionRef, signal: AbortSignal): Promise<LoadedScorer> {
    this.started += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => void this.pending.splice(this.pending.indexOf(load), 1);
      const load: PendingLoad = {
        ref,
        signal,
        succeed: () => {
          leave();
          const scorer = new VersionScorer(ref);
          this.scorers.push(scorer);
          resolve(scorer);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      this.pending.push(load);
    });
  }
}
