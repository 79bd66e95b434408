import type { ChildProcess } from 'node:child_process';
import type { Clock } from '@slipway/kernel';
import { hasProcessTable, processesOf } from './process-table.ts';

export interface RunToKill {
  readonly child: ChildProcess;
  /** Resolves when the leader has exited. */
  readonly exited: Promise<unknown>;
  readonly mark: string;
  /** 0 to kill at once. */
  readonly graceMs: number;
  readonly clock: Clock;
}

/** Killed processes go away within milliseconds, unless the kernel waits for a disk. */
const GONE_MS = 5000;
const LOOK_EVERY_MS = 20;

/** Ends a program and everything it has started: SIGTERM to the group, SIGKILL after the grace, until none is left. */
export async function killRun({ child, exited, mark, graceMs, clock }: RunToKill): Promise<void> {
  const group = child.pid;
  if (group === undefined) return;
  const gone = async (ms: number): Promise<boolean> => {
    const until = clock.monotonicMs() + ms;
    while (await isAlive(group, mark)) {
      if (clock.monotonicMs() >= until) return false;
      await clock.sleep(LOOK_EVERY_MS);
    }
    return true;
  };
  if (graceMs > 0) {
    signalGroup(group, 'SIGTERM');
    if (await gone(graceMs)) return;
  }
  const until = clock.monotonicMs() + GONE_MS;
  do {
    signalGroup(group, 'SIGKILL');
    await killMarked(mark);
    await exited;
  } while (!(await gone(LOOK_EVERY_MS)) && clock.monotonicMs() < until); // again for what was just being started
}

/** Kills what carries the mark of a run, whoever started it: also what a process of ours left behind that was killed itself. */
export async function killMarked(mark: string): Promise<void> {
  for (const { pid } of await processesOf(undefined, mark)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // nobody is left in the group
  }
}

/** Dead members that nobody has waited for do not count where /proc tells them apart. */
async function isAlive(group: number, mark: string): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return (await processesOf(undefined, mark)).length > 0; // the group is empty; what has left it may live on
  }
  return !(await hasProcessTable()) || (await processesOf(group, mark)).length > 0;
}
