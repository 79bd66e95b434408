import { ConflictError, type Clock } from '@slipway/kernel';
import type { FeatureDependencies, WorkHandle } from '../dependencies.ts';
import type { Call, FeatureTransaction, FeatureUnitOfWork } from '../unit-of-work.ts';
import type { ViewState } from '../view-state.ts';

/** How long a view waits for a process that died while it worked on it. Renewed as the work goes on. */
const LEASE_MS = 15_000;
const POLL_MS = 250;

type Change = Partial<Pick<ViewState, 'digest' | 'arrival' | 'materializeTime' | 'tables'>>;

/** The right to change what of a view is online; among all processes one at a time. */
export class ViewLease {
  readonly #call: Call;
  readonly #unitOfWork: FeatureUnitOfWork;
  readonly #clock: Clock;
  #state: ViewState;
  #renewAtMs: number;
  #isHeld = true;

  constructor(call: Call, state: ViewState, { unitOfWork, clock }: Pick<FeatureDependencies, 'unitOfWork' | 'clock'>) {
    this.#call = call;
    this.#unitOfWork = unitOfWork;
    this.#clock = clock;
    this.#state = state;
    this.#renewAtMs = clock.monotonicMs() + LEASE_MS / 3;
  }

  get state(): ViewState {
    return this.#state;
  }

  /** Cheap; call it between batches. @throws {ConflictError} when another process has taken over. */
  async renew(): Promise<void> {
    if (this.#clock.monotonicMs() >= this.#renewAtMs) await this.change({});
  }

  /** Commits a change of the view with what `more` adds. @throws {ConflictError} when another process has taken over. */
  async change(change: Change | ((now: bigint) => Change), more?: (tx: FeatureTransaction) => void): Promise<void> {
    this.#state = await this.#unitOfWork.run(this.#call, async (tx) => {
      await this.#assertHeld(tx);
      const changed = typeof change === 'function' ? change(tx.now) : change;
      const next = { ...this.#state, ...changed, leaseUntil: leaseEnd(tx.now) };
      await tx.views.put(next);
      more?.(tx);
      return next;
    });
    this.#renewAtMs = this.#clock.monotonicMs() + LEASE_MS / 3;
  }

  /** Removes the view's state. */
  async forget(): Promise<void> {
    await this.#unitOfWork.run(this.#call, async (tx) => {
      await this.#assertHeld(tx);
      await tx.views.delete(this.#state.view);
    });
    this.#isHeld = false;
  }

  /** Lets the next one in; does nothing when another process has taken over. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    await this.#unitOfWork.run(this.#call, async (tx) => {
      await tx.lock();
      const now = await tx.views.get(this.#state.view);
      if (now?.leaseOwner === this.#state.leaseOwner) await tx.views.put({ ...now, leaseOwner: '', leaseUntil: 0n });
    });
  }

  async #assertHeld(tx: FeatureTransaction): Promise<void> {
    await tx.lock();
    const now = await tx.views.get(this.#state.view);
    if (now?.leaseOwner === this.#state.leaseOwner) return;
    throw new ConflictError(`another process materializes view '${this.#state.view}' meanwhile`, {
      reason: 'VIEW_TAKEN_OVER',
    });
  }
}

const leaseEnd = (now: bigint): bigint => now + BigInt(LEASE_MS) * 1000n;

/** Waits until the view is free and takes it. Work that was begun again after a crash has its own view back at once. */
export async function holdView(
  call: Call,
  view: string,
  deps: Pick<FeatureDependencies, 'unitOfWork' | 'clock'>,
  { id: owner, signal }: Pick<WorkHandle, 'id' | 'signal'>,
): Promise<ViewLease> {
  for (;;) {
    signal.throwIfAborted();
    const state = await deps.unitOfWork.run(call, async (tx) => {
      await tx.lock();
      const known = (await tx.views.get(view)) ?? nothingOf(view);
      if (!['', owner].includes(known.leaseOwner) && known.leaseUntil > tx.now) return undefined;
      const taken = { ...known, leaseOwner: owner, leaseUntil: leaseEnd(tx.now) };
      await tx.views.put(taken);
      return taken;
    });
    if (state) return new ViewLease(call, state, deps);
    await deps.clock.sleep(POLL_MS, signal);
  }
}

const nothingOf = (view: string): ViewState => ({
  view,
  digest: '',
  arrival: 0n,
  materializeTime: undefined,
  tables: [],
  leaseOwner: '',
  leaseUntil: 0n,
});
