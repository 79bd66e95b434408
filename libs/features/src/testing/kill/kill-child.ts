import { systemClock } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import { startFeatures } from '../feature-installation.ts';
import { sampleFiles, streamOf, uploadOf } from '../sample-repository.ts';
import { openParquetFiles, putOutput } from '../parquet-files.ts';
import { ENTITIES, MANIFEST, PREDICTIONS, predictionsOf, ROWS, SCORING } from './kill-data.ts';

/** What the process does, and where it ends itself. */
export interface KillOrder {
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly task: 'ingest' | 'train' | 'materialize' | 'score' | 'commit' | 'load';
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
const score = async () => {
  const { operation } = await features.createScoringSet(SCORING);
  return (JSON.parse((await installation.finished(operation)).result_json) as { id: string }).id;
};
const load = async (name: string, value: number) => {
  const file = await parquet.write(predictionsOf(value));
  const files = [await putOutput(installation.artifacts, file, 2, name)];
  const { operation } = await features.loadPredictions({ ...PREDICTIONS, manifest_uri: name, files });
  await installation.finished(operation);
};
const parquet = await openParquetFiles(order.directory);
if (order.task !== 'ingest') await ingest();
if (order.task === 'load') await load('m1', 0.1);
const set = order.task === 'commit' ? await score() : '';
isArmed = true;
if (order.task === 'ingest') await ingest();
else if (order.task === 'materialize') await installation.finished((await features.materializeViews({})).operation);
else if (order.task === 'score') await score();
else if (order.task === 'commit') await features.commitScoringSet({ id: set, manifest_uri: MANIFEST });
else if (order.task === 'load') await load('m2', 0.2);
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
