import { appendFileSync } from 'node:fs';

/** Which passing of which named step ends the process. */
export interface KillOrder {
  readonly step: string;
  readonly pass: number;
}

/** Ends this process with SIGKILL at the ordered passing, after a line in `evidenceFile` that says so. */
export function stepKiller(order: KillOrder | undefined, evidenceFile: string): (step: string) => void {
  let passes = 0;
  return (step) => {
    if (step !== order?.step) return;
    passes += 1;
    if (passes !== order.pass) return;
    appendFileSync(evidenceFile, `${step} ${passes}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
}
