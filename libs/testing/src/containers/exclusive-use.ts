import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 200;

/**
 * Waits until no other test process of this machine has the engine: two of them would build the same folders and share two cores.
 * @returns what gives it back; safe to call twice. @throws {Error} when it is not free in time.
 */
export async function exclusiveUse(name: string, withinMs: number): Promise<() => void> {
  const file = join(tmpdir(), `slipway-${name}.lock`);
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => {
        if (holder(file) === process.pid) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const pid = holder(file);
    if (pid !== undefined && !isRunning(pid)) rmSync(file, { force: true });
    else if (performance.now() > giveUpAt) throw new Error(`process ${pid} has '${file}' for ${withinMs} ms`);
    await delay(POLL_MS);
  }
}

/** Undefined while it is being written or after it is gone. */
function holder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
