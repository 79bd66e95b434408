import { NotFoundError, RecurringTask, type Clock, type Component, type Logger } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import type { Expired, Housekeeping, Removal } from '../domain/housekeeping.ts';
import type { TrackingLimits } from '../domain/limits.ts';
import { toMillis } from '../domain/millis.ts';
import type { TrackingUnitOfWork } from '../domain/unit-of-work.ts';
import { purgeExpired } from '../domain/use-cases/purge.ts';
import { houseCall } from '../store/housekeeping-rows.ts';

export interface HousekeepingParts {
  readonly housekeeping: Housekeeping;
  readonly unitOfWork: TrackingUnitOfWork;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: Pick<TrackingLimits, 'removalSweepMs' | 'deletedRetentionDays'>;
}

/** What one look takes on; the next one goes on. */
const ROUND_MAX = 100;
const LIST_PAGE_SIZE = 1_000;
const RETENTION_EVERY_MS = 60 * 60_000;
const MICROS_PER_MS = 1_000n;
const MS_PER_DAY = 24n * 60n * 60_000n;

/** Removes everything below a prefix. */
async function removeFiles({ prefix }: Removal, artifacts: ArtifactStore, signal: AbortSignal): Promise<void> {
  const path = artifactPath(prefix);
  let pageToken: string | undefined;
  do {
    const request = { pageSize: LIST_PAGE_SIZE, ...(pageToken === undefined ? {} : { pageToken }) };
    const page = await artifacts.list(path, request, signal);
    for (const item of page.items) await artifacts.delete(item.path, signal);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/**
 * Removes the files of what was removed for ever. Rows and note were committed together, and the note goes when the files are gone: a process that dies
 * in between leaves the rest to the next one. A note is as old as one interval before it is followed, so that an upload that ended at the same time is seen.
 */
export async function sweepRemovals(parts: HousekeepingParts, signal: AbortSignal): Promise<void> {
  const { housekeeping, artifacts, clock, limits } = parts;
  const before = clock.now() - BigInt(limits.removalSweepMs) * MICROS_PER_MS;
  for (const removal of await housekeeping.removals(before, ROUND_MAX)) {
    signal.throwIfAborted();
    await removeFiles(removal, artifacts, signal);
    await housekeeping.finish(removal);
  }
}

/** Removes for ever what was marked as deleted longer ago than the setting says. */
export async function applyRetention(parts: HousekeepingParts, signal: AbortSignal): Promise<void> {
  const { housekeeping, unitOfWork, clock, limits } = parts;
  const before = toMillis(clock.now()) - BigInt(limits.deletedRetentionDays) * MS_PER_DAY;
  let found: readonly Expired[];
  do {
    found = await housekeeping.expired(before, ROUND_MAX);
    for (const expired of found) {
      signal.throwIfAborted();
      try {
        await purgeExpired(houseCall(expired.workspace), { expired, before }, unitOfWork);
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error; // went along with its experiment, or was restored
      }
    }
  } while (found.length === ROUND_MAX);
}

/** What tracking does without being asked. */
export function housekeepingComponents(parts: HousekeepingParts): readonly Component[] {
  const { clock, log, limits } = parts;
  const sweeper = new RecurringTask({
    name: 'tracking removal sweeper',
    everyMs: limits.removalSweepMs,
    work: (signal) => sweepRemovals(parts, signal),
    failure: 'files of what was removed for ever are still there; it is tried again',
    clock,
    log,
  });
  if (limits.deletedRetentionDays === 0) return [sweeper];
  const retention = new RecurringTask({
    name: 'tracking retention',
    everyMs: RETENTION_EVERY_MS,
    work: (signal) => applyRetention(parts, signal),
    failure: 'what was deleted long ago is still there; it is tried again',
    clock,
    log,
  });
  return [sweeper, retention];
}
