// A training program as a user would write one, for the contract suite: the linear trainer behind the files and variables of the driver.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { TrainingJob } from '@slipway/plugin-kit';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { readTrainingTable, type TrainingColumnSpec } from '@slipway/training-data';

const signal = new AbortController().signal;
const setting = (name: string): string => process.env[name] ?? '';
interface JobFile extends Pick<TrainingJob, 'target' | 'task' | 'options' | 'seed'> {
  readonly features: readonly TrainingColumnSpec[];
  readonly table: string;
}
const job = JSON.parse(readFileSync(setting('SLIPWAY_TRAINING_JOB'), 'utf8')) as JobFile;
const columns = [...job.features, { name: job.target }];
const table = await readTrainingTable(setting('SLIPWAY_TRAINING_DATA'), { columns, id: job.table, signal });
const trainer = trainerLinearPlugin.create(trainerLinearPlugin.parseConfig({}), {
  clock: systemClock,
  ids: createIdSource(systemClock, seededRandom(job.seed)),
  log: silentLogger,
  dataDirectory: '.',
});
await trainer.open(signal);
const features = job.features.map(({ name }) => name);
const onProgress: TrainingJob['onProgress'] = ({ done, total, unit }) => {
  console.log(`SLIPWAY_PROGRESS ${done} ${total} ${unit}`);
};
const trained = await trainer.train({ ...job, table, features, onProgress }, signal);
const folder = setting('SLIPWAY_MODEL_DIRECTORY');
writeFileSync(join(folder, 'model.onnx'), trained.model);
writeFileSync(join(folder, 'metrics.json'), JSON.stringify(trained.metrics));
writeFileSync(join(folder, 'parameters.json'), JSON.stringify(trained.parameters));
