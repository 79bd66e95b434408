import { readFileSync } from 'node:fs';

/** Memory a process occupies now, from /proc; 0 when it is gone or the platform has no /proc (then other limits have to hold). */
export function residentBytes(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0; // it has just ended
  }
}
