import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@slipway/kernel';
import type { Principal } from './principals.ts';

export const CHAMPION = 'champion';
/** How much AUC a new champion may lose against the one in place: a margin of non-inferiority. */
export const AUC_MARGIN = 0.005;
const SERVED_WITHIN_MS = 30_000;

export interface ModelVersionName {
  readonly model: string;
  readonly version: string;
  /** `champion` when absent. */
  readonly alias?: string;
}

/** Demands one approval and an AUC on `dataset` that is not worse than the champion's by more than the margin. */
export async function setChampionPolicy(owner: Principal, model: string, dataset: string): Promise<void> {
  await owner.registry.setAliasPolicy({
    model,
    alias: CHAMPION,
    approvals_required: 1,
    request_id: `${model}-policy`,
    gates: [
      {
        gate: 'metric',
        parameters: { metric: 'auc', dataset, no_worse_than_current_by: String(AUC_MARGIN), direction: 'higher' },
      },
    ],
  });
}

/** Runs a call that must be refused; returns the reason and text it was refused with. @throws {Error} when it passes, or is not answered. */
export async function refused(call: () => Promise<unknown>): Promise<{ reason: string; message: string }> {
  try {
    await call();
  } catch (error) {
    if (error instanceof DomainError && error.kind !== 'unavailable')
      return { reason: error.reason, message: error.message };
    throw error;
  }
  throw new Error('the call was expected to be refused, and passed');
}

/** Moves the alias and waits until the server answers with the version. */
export async function promote(mover: Principal, version: ModelVersionName): Promise<void> {
  await mover.registry.moveAlias({ ...version, alias: CHAMPION });
  await untilServed(mover, version);
}

/** Waits until `version` answers under the alias. @throws {Error} after 30 s. */
export async function untilServed(
  caller: Principal,
  { model, version, alias = CHAMPION }: ModelVersionName,
): Promise<void> {
  const giveUpAt = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    const served: readonly string[] = await caller.inference.modelMetadata({ name: `${model}@${alias}` }).then(
      (metadata) => metadata.versions,
      (error: unknown): string[] => {
        if (error instanceof DomainError && (error.kind === 'not-found' || error.kind === 'unavailable')) return [];
        throw error;
      },
    );
    if (served.includes(version)) return;
    if (performance.now() > giveUpAt)
      throw new Error(
        `version ${version} of ${model} is not served after ${SERVED_WITHIN_MS / 1000} s (served: ${served.join(', ') || 'none'})`,
      );
    await delay(20);
  }
}
