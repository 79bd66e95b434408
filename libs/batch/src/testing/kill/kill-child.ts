import { systemClock } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import { PLAN, startBatch } from '../batch-installation.ts';

/** Where the process ends itself, and what it does. */
export interface KillOrder {
  readonly directory: string;
  readonly target: DatabaseTarget;
  /** `step` or `step:n` for the nth time, counted from the start of the job. */
  readonly step: string;
}

// Begins a job and kills itself at a step, as a loss of the machine would: nothing of it is cleaned up.
const order = JSON.parse(process.argv[2] ?? '') as KillOrder;
const [step, count = '1'] = order.step.split(':');
let left = Number(count);
const atStep = (reached: string): void => {
  if (reached === step && (left -= 1) === 0) process.kill(process.pid, 'SIGKILL');
};
const { batch, ended } = await startBatch({
  ...order,
  seed: 2,
  hooks: { atStep, atCommitStep: atStep, operations: { leaseMs: 600, pollMs: 50 } },
});
const online = { table: 'delays', keys: ['id'], fallback: 'FALLBACK_KIND_MEAN' as const };
const { operation } = await batch.createScoringJob({ plan: { ...PLAN, online } });
await ended(operation);
process.stdout.write('the step was never reached\n');
await systemClock.sleep(0);
process.exit(3);
