import type { Command } from 'commander';
import type { RunCommand } from './run-command.ts';
import { stampText } from './stamps.ts';

export function addModelCommands(program: Command, run: RunCommand): void {
  program
    .command('models')
    .description('registered models')
    .action(() =>
      run(async ({ registry }, print) => {
        const { models } = await registry.listRegisteredModels({ page_size: 1000 });
        print.table(
          models.map((model) => ({
            name: model.name,
            versions: model.last_version,
            aliases: model.aliases.map(({ name, version }) => `${name}=${version}`).join(' '),
            by: model.principal,
            changed: stampText(model.update_time),
            description: model.description,
          })),
          models,
        );
      }),
    );
  program
    .command('versions <model>')
    .description('versions of one model, newest first')
    .action((model: string) =>
      run(async ({ registry }, print) => {
        const { versions } = await registry.listModelVersions({ model, page_size: 1000, order_by: 'version desc' });
        print.table(
          versions.map((version) => ({
            version: version.version,
            aliases: version.aliases.join(' '),
            by: version.principal,
            created: stampText(version.create_time),
            digest: version.digest.slice(0, 12),
            inputs: version.inputs.map(({ name }) => name).join(' '),
            description: version.description,
          })),
          versions,
        );
      }),
    );
  program
    .command('evaluations <model> <version>')
    .description('how a version did, newest first')
    .action((model: string, version: string) =>
      run(async ({ registry }, print) => {
        const { evaluations } = await registry.listEvaluations({ model, version, page_size: 1000 });
        print.table(
          evaluations.map((evaluation) => ({
            dataset: evaluation.dataset,
            rows: evaluation.rows,
            metrics: Object.entries(evaluation.metrics)
              .map(([name, value]) => `${name}=${value.toPrecision(5)}`)
              .join(' '),
            by: evaluation.principal,
            time: stampText(evaluation.time),
          })),
          evaluations,
        );
      }),
    );
}
