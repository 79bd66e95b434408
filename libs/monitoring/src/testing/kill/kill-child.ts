import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import { FakeRegistry } from '../fake-registry.ts';
import { messageOf, startMonitoring } from '../monitoring-installation.ts';
import { eventOf, OBJECTIVE, outcomesOf } from '../story.ts';
import { KILL_OUTCOMES, KILL_ROWS, killProfile } from './kill-data.ts';

/** What the process does, and where it ends itself. */
export interface KillOrder {
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly task: 'ingest' | 'record' | 'evaluate';
  /** `step:n` for the nth commit, counted from 1 after everything is set up. */
  readonly step: string;
}

// Sets up, begins its task and kills itself at a step, as a loss of the machine would: nothing of it is cleaned up.
const order = JSON.parse(process.argv[2] ?? '') as KillOrder;
const [step, count = '1'] = order.step.split(':');
let [isArmed, left] = [false, Number(count)];
const registry = new FakeRegistry();
registry.publish('m', 1, killProfile().json);
const shared = { clock: systemClock, ids: createIdSource(systemClock, seededRandom(3)), log: silentLogger };
const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), { ...shared, dataDirectory: order.directory }); // prettier-ignore
await bus.open(AbortSignal.timeout(10_000));
const { monitor, consumer } = await startMonitoring({
  target: order.target,
  registry,
  otherBus: bus,
  seed: 2,
  atStep: (reached) => {
    if (isArmed && reached === step && (left -= 1) === 0) process.kill(process.pid, 'SIGKILL');
  },
});
await monitor.setMonitor({ objective: OBJECTIVE, output: 'probability', manual: true, rows_min: 1 });
await monitor.getReference({ model: 'm', version: 1 });
const ingest = async (): Promise<void> => {
  await bus.publish([messageOf('e1', eventOf(KILL_ROWS))], AbortSignal.timeout(10_000));
  while (consumer.status().handled === 0) await systemClock.sleep(5);
};
const record = () => monitor.recordOutcomes(outcomesOf(KILL_OUTCOMES));
if (order.task !== 'ingest') await ingest();
if (order.task === 'evaluate') await record();
isArmed = true;
if (order.task === 'ingest') await ingest();
else if (order.task === 'record') await record();
else await monitor.evaluateWindows({ objective: OBJECTIVE, until: { seconds: '99999999999', nanos: 0 } });
process.stdout.write('the step was never reached\n');
await systemClock.sleep(0);
process.exit(3);
