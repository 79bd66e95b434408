import { systemClock } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import { startFeatures } from '../feature-installation.ts';
import { sampleFiles, streamOf, uploadOf } from '../sample-repository.ts';
import { ENTITIES, ROWS } from './kill-data.ts';

/** What the process does, and where it ends itself. */
export interface KillOrder {
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly task: 'ingest' | 'train' | 'materialize';
  /** `step` or `step:n` for the nth time, counted from 1 after everything is set up. */
  readonly step: string;
}

// Sets up, begins its task and kills itself at a step, as a loss of the machine would: nothing of it is cleaned up.
const order = JSON.parse(process.argv[2] ?? '') as KillOrder;
const [step, count = '1'] = order.step.split(':');
let [isArmed, left] = [false, Number(count)];
const atStep = (reached: string): void => {
  if (isArmed && reached === step && (left -= 1) === 0) process.kill(process.pid, 'SIGKILL');
};
const installation = await startFeatures({
  ...order,
  seed: 2,
  hooks: { atStep, atCommitStep: atStep, operations: { leaseMs: 600, pollMs: 50 } },
});
const { features } = installation;
await features.applyRepository({ files: sampleFiles() });
const header = { source: 'flights', format: 'FILE_FORMAT_CSV' as const };
const ingest = () => features.ingestRows(streamOf(uploadOf(header, Buffer.from(ROWS))));
if (order.task !== 'ingest') await ingest();
isArmed = true;
if (order.task === 'ingest') await ingest();
else if (order.task === 'materialize') await installation.finished((await features.materializeViews({})).operation);
else {
  const training = {
    name: 'q1',
    feature_service: 'flight_delay',
    format: 'FILE_FORMAT_CSV' as const,
    event_time_column: 'at',
  };
  const begun = await features.createTrainingSet(streamOf(uploadOf(training, Buffer.from(ENTITIES))));
  await installation.finished(begun.operation);
}
process.stdout.write('the step was never reached\n');
await systemClock.sleep(0);
process.exit(3);
