import { UnavailableError, type Clock } from '@slipway/kernel';

const TRIES = 12;
const PAUSE_MS = 200;
const PAUSE_MS_MAX = 5_000;

/** Calls another service again while it does not answer, for about forty seconds: longer than a restart; for calls that change nothing when they are repeated. */
export async function repeatCall<Result>(
  clock: Clock,
  signal: AbortSignal,
  call: () => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof UnavailableError) || tries >= TRIES) throw error;
      await clock.sleep(Math.min(PAUSE_MS * 2 ** (tries - 1), PAUSE_MS_MAX), signal);
    }
  }
}
