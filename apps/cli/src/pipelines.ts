import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { InvalidArgumentError } from '@slipway/kernel';
import type { RunCommand } from './run-command.ts';
import { stampText } from './stamps.ts';

const stateOf = (name: string): string => name.replace(/^.*_STATE_/, '').toLowerCase();

export function addPipelineCommands(program: Command, run: RunCommand): void {
  const pipelines = program.command('pipelines').description('steps that follow each other, and what makes them begin');
  pipelines
    .command('list')
    .description('pipelines in force')
    .action(() =>
      run(async ({ pipelines: service }, print) => {
        const { pipelines: all } = await service.listPipelines({ page_size: 1000 });
        const rows = all.map((one) => ({
          name: one.name,
          revision: one.revision,
          steps: one.steps.join(' '),
          triggers: one.triggers.map(({ kind, expression }) => `${kind} ${expression}`).join(', '),
          by: one.principal,
        }));
        print.table(rows, all);
      }),
    );
  pipelines
    .command('apply <file>')
    .description('make a YAML file the pipeline in force under its name')
    .action((file: string) =>
      run(async ({ pipelines: service }, print) => {
        const { pipeline } = await service.applyPipeline({ content: readFileSync(file, 'utf8') });
        print.line(`${pipeline?.name} is at revision ${pipeline?.revision}`, pipeline);
      }),
    );
  pipelines
    .command('run <pipeline> [parameters...]')
    .description('begin a run; parameters as name=value')
    .action((pipeline: string, parameters: string[]) =>
      run(async ({ pipelines: service }, print) => {
        const { run: begun } = await service.startPipelineRun({ pipeline, parameters: readParameters(parameters) });
        print.line(`begun: run ${begun?.id}`, begun);
      }),
    );
  pipelines
    .command('runs [pipeline]')
    .description('runs with their steps, newest first')
    .action((pipeline: string | undefined) =>
      run(async ({ pipelines: service }, print) => {
        const { runs } = await service.listPipelineRuns({ pipeline: pipeline ?? '', page_size: 1000 });
        const rows = runs.flatMap((one) =>
          one.steps.map((step, index) => ({
            run: index === 0 ? one.id : '',
            pipeline: index === 0 ? one.pipeline : '',
            state: index === 0 ? stateOf(one.state) : '',
            because: index === 0 ? one.causes.map(({ kind, name }) => `${kind} ${name}`).join(', ') : '',
            step: step.name,
            'step state': stateOf(step.state),
            message: step.message,
            ended: stampText(step.end_time),
          })),
        );
        print.table(rows, runs);
      }),
    );
  pipelines
    .command('resume <run>')
    .description('go on with a run that failed or was cancelled; finished steps stay as they are')
    .action((id: string) =>
      run(async ({ pipelines: service }, print) => {
        const { run: resumed } = await service.resumePipelineRun({ id });
        print.line(`goes on: ${resumed?.id}`, resumed);
      }),
    );
}

/** @throws {InvalidArgumentError} naming the one that has no `=`. */
function readParameters(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw InvalidArgumentError.of('parameters', `'${text}' is not of the form name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
