import { readFileSync } from 'node:fs';

/** Linux counts CPU time of processes in hundredths of a second for user space, on every architecture Node runs on. */
const MICROS_PER_TICK = 10_000;

/** User and system time of all threads of a process so far, in microseconds. @throws {Error} when the process is gone, or off Linux. */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold blanks
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}
