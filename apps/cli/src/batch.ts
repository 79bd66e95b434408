import type { Command } from 'commander';
import type { RunCommand } from './run-command.ts';
import { stampText } from './stamps.ts';

const stateOf = (name: string): string => name.replace(/^.*_STATE_/, '').toLowerCase();

export function addBatchCommands(program: Command, run: RunCommand): void {
  program
    .command('jobs [consumer]')
    .description('scoring jobs, newest first')
    .action((consumer: string | undefined) =>
      run(async ({ batch }, print) => {
        const { jobs } = await batch.listScoringJobs({ consumer: consumer ?? '', page_size: 1000 });
        const rows = jobs.map((job) => ({
          id: job.id,
          consumer: job.plan?.consumer ?? '',
          model: `${job.plan?.model ?? ''} ${job.version}`,
          state: stateOf(job.state),
          rows: `${job.scored_rows} of ${job.rows}`,
          'kept aside': job.failed_rows,
          partitions: `${job.finished_partitions} of ${job.partitions}`,
          'begun again': String(job.lost_attempts),
          output: job.output_sha256.slice(0, 12),
          time: stampText(job.create_time),
        }));
        print.table(rows, jobs);
      }),
    );
  program
    .command('partitions <job>')
    .description('partitions of a scoring job: who works on them, what they wrote')
    .action((job: string) =>
      run(async ({ batch }, print) => {
        const { partitions } = await batch.listPartitions({ job_id: job, page_size: 1000 });
        const rows = partitions.map((one) => ({
          number: String(one.number),
          rows: one.rows,
          state: stateOf(one.state),
          epoch: one.epoch,
          worker: one.worker,
          'kept aside': one.failed_rows,
          error: one.error_message,
        }));
        print.table(rows, partitions);
      }),
    );
  program
    .command('resume <job>')
    .description('go on with a scoring job that failed or was cancelled')
    .action((id: string) =>
      run(async ({ batch }, print) => {
        const { job } = await batch.resumeScoringJob({ id });
        print.line(`goes on: ${job?.finished_partitions} of ${job?.partitions} partitions are done`, job);
      }),
    );
  program
    .command('positions [consumer]')
    .description('how far consumers are in each source')
    .action((consumer: string | undefined) =>
      run(async ({ features }, print) => {
        const { positions } = await features.listPositions({ consumer: consumer ?? '', page_size: 1000 });
        const rows = positions.map((one) => ({
          consumer: one.consumer,
          source: one.source,
          used: `${one.arrival} of ${one.newest_arrival}`,
          time: stampText(one.update_time),
        }));
        print.table(rows, positions);
      }),
    );
}
