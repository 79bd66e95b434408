import type { Command } from 'commander';
import type { Connection } from './connection.ts';
import type { RunCommand } from './run-command.ts';
import { millisText } from './stamps.ts';

const status = (name: string): string => name.replace('RUN_STATUS_', '').toLowerCase();
const number = (value: number): string => (Number.isFinite(value) ? value.toPrecision(6) : String(value));

export function addTrackingCommands(program: Command, run: RunCommand): void {
  program
    .command('experiments')
    .description('experiments that are not deleted')
    .action(() =>
      run(async ({ tracking }, print) => {
        const { experiments } = await tracking.searchExperiments({ page_size: 1000 });
        print.table(
          experiments.map((experiment) => ({
            id: experiment.experiment_id,
            name: experiment.name,
            by: experiment.principal,
            changed: millisText(Number(experiment.last_update_time)),
          })),
          experiments,
        );
      }),
    );
  program
    .command('runs <experiment>')
    .description('runs of an experiment, by its name, newest first')
    .option('--filter <text>', "e.g. metrics.auc > 0.7 and params.trainer = 'linear'", '')
    .action((name: string, { filter }: { filter: string }) =>
      run(async ({ tracking }, print) => {
        const experimentId = await experimentNamed(tracking, name);
        const { runs } = await tracking.searchRuns({ experiment_ids: [experimentId], filter, page_size: 1000 });
        print.table(
          runs.map((one) => ({
            run: one.run_id,
            name: one.run_name,
            status: status(one.status),
            by: one.principal,
            started: millisText(Number(one.start_time)),
            metrics: one.metrics.map(({ key, value }) => `${key}=${number(value)}`).join(' '),
          })),
          runs,
        );
      }),
    );
  program
    .command('run <id>')
    .description('parameters, metrics, tags and datasets of one run')
    .action((id: string) =>
      run(async ({ tracking }, print) => {
        const { run: found } = await tracking.getRun({ run_id: id });
        const entries = (kind: string, values: Readonly<Record<string, string>>) =>
          Object.entries(values).map(([name, value]) => ({ kind, name, value }));
        const metrics = found?.metrics.map(({ key, value }) => ({ kind: 'metric', name: key, value: number(value) }));
        const datasets = found?.datasets.map(({ dataset }) => ({
          kind: 'dataset',
          name: dataset?.name ?? '',
          value: dataset?.source ?? '',
        }));
        const rows = [entries('param', found?.params ?? {}), metrics, entries('tag', found?.tags ?? {}), datasets];
        print.table(
          rows.flatMap((some) => some ?? []),
          found,
        );
      }),
    );
}

async function experimentNamed(tracking: Connection['tracking'], name: string): Promise<string> {
  const { experiment } = await tracking.getExperiment({ name });
  if (!experiment) throw new Error('tracking answered without an experiment');
  return experiment.experiment_id;
}
