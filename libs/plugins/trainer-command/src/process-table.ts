import { readdir, readFile } from 'node:fs/promises';

/** A process of a run, as /proc has it. */
export interface RunProcess {
  readonly pid: number;
  readonly residentBytes: number;
}

/** Whether this platform tells about processes: Linux does. */
export const hasProcessTable = (): Promise<boolean> =>
  readFile('/proc/self/statm').then(
    () => true,
    () => false,
  );

/**
 * The processes of a run: those of the group, and those that have left it but still carry the run's mark in their environment.
 * Dead ones that nobody has waited for are left out. Empty on a platform without /proc.
 * @param group id of the process group; undefined to go by the mark alone.
 * @param mark `NAME=value` in the environment of the program, unique to the run; undefined to go by the group alone, which reads half as much.
 */
export async function processesOf(group: number | undefined, mark: string | undefined): Promise<readonly RunProcess[]> {
  const entries = await readdir('/proc').catch((): string[] => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid);
  const found = await Promise.all(pids.map((pid) => readProcess(pid, group, mark)));
  return found.filter((each) => each !== undefined);
}

async function readProcess(
  pid: string,
  group: number | undefined,
  mark: string | undefined,
): Promise<RunProcess | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // "pid (name) state parent group ...": the name may have spaces and brackets, so count from its end
    const [state, , groupOf] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const isOfRun =
      (group !== undefined && Number(groupOf) === group) || (mark !== undefined && (await carries(pid, mark)));
    return isOfRun ? { pid: Number(pid), residentBytes: await residentBytes(pid) } : undefined;
  } catch {
    return undefined; // it has just ended, or belongs to somebody else
  }
}

async function carries(pid: string, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  return environment.startsWith(`${mark}\0`) || environment.includes(`\0${mark}\0`);
}

async function residentBytes(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/**
 * Memory of the processes together, pages that several share counted once: `VmRSS` counts them for each, so it is an upper bound, and the
 * exact share (`Pss`, slower to read) is asked for only when that bound passes `limitBytes`.
 */
export async function memoryOf(processes: readonly RunProcess[], limitBytes: number): Promise<number> {
  const upper = processes.reduce((sum, { residentBytes: bytes }) => sum + bytes, 0);
  if (upper <= limitBytes) return upper;
  const shares = await Promise.all(processes.map(shareOf));
  return shares.reduce((sum, bytes) => sum + bytes, 0);
}

async function shareOf({ pid, residentBytes: bytes }: RunProcess): Promise<number> {
  try {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1');
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1];
    return kilobytes === undefined ? bytes : Number(kilobytes) * 1024;
  } catch {
    return bytes; // gone meanwhile, or a kernel without it: the upper bound stands
  }
}
