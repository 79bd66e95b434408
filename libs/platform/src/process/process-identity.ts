import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Tells one run of a process from every other one, also when a process id is used again. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Boot id and start time as Linux counts it; empty elsewhere, where the process id has to do. */
  readonly started: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, host: hostname(), started: startOf(pid) };
}

/** Whether that very process still runs on this machine. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    // EPERM: it runs and belongs to somebody else
  }
  return startOf(pid) === started;
}

function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // field 22, counted after the command in parentheses, which may hold spaces
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot}/${start}`;
  } catch {
    return ''; // not Linux, or gone
  }
}
