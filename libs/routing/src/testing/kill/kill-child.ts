import type { DatabaseTarget } from '@slipway/persistence';
import { FakeMonitor } from '../fake-monitor.ts';
import { FakeRegistry } from '../fake-registry.ts';
import { startRouting } from '../routing-installation.ts';
import { AB, LIVE, OBJECTIVE, origins } from '../sample-requests.ts';

/** Where the process ends itself, while it answers an Assign of ten units. */
export interface KillOrder {
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly step: 'before-commit' | 'after-commit';
}

// Sets up, assigns and kills itself at a step, as a loss of the machine would: nothing of it is cleaned up.
const order = JSON.parse(process.argv[2] ?? '') as KillOrder;
let isArmed = false;
const { routing } = await startRouting({
  ...order,
  registry: new FakeRegistry({ live: '1', champion: '2' }),
  monitor: new FakeMonitor(),
  seed: 2,
  atStep: (reached) => {
    if (isArmed && reached === order.step) process.kill(process.pid, 'SIGKILL');
  },
});
await routing.setObjective({ name: OBJECTIVE, deployment: LIVE, unit_keys: ['origin'] });
await routing.createRoutingExperiment(AB);
isArmed = true;
await routing.assign({ objective: OBJECTIVE, units: origins(10) });
process.stdout.write('the step was never reached\n');
process.exit(3);
