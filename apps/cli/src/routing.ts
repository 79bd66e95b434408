import type { Command } from 'commander';
import type { Connection } from './connection.ts';
import type { RunCommand } from './run-command.ts';
import { stampText } from './stamps.ts';

const stateOf = (name: string): string => name.replace(/^.*_STATE_/, '').toLowerCase();

export function addRoutingCommands(program: Command, run: RunCommand): void {
  const routing = program.command('routing').description('which model answers for an objective, and experiments on it');
  routing
    .command('objectives')
    .description('objectives and what answers for them')
    .action(() =>
      run(async ({ routing: service }, print) => {
        const { objectives } = await service.listObjectives({ page_size: 1000 });
        const rows = objectives.map((one) => ({
          name: one.name,
          deployment: `${one.deployment?.model}@${one.deployment?.alias}`,
          unit: one.unit_keys.join(' '),
          experiment: one.experiment,
          description: one.description,
        }));
        print.table(rows, objectives);
      }),
    );
  routing
    .command('experiments [objective]')
    .description('routing experiments, newest first, with what they show')
    .action((objective: string | undefined) =>
      run(async ({ routing: service }, print) => {
        const { experiments } = await service.listRoutingExperiments({ objective: objective ?? '', page_size: 1000 });
        const rows = experiments.map((one) => ({
          id: one.id,
          name: one.name,
          kind: one.kind.replace('EXPERIMENT_KIND_', '').toLowerCase(),
          state: stateOf(one.state),
          units: Object.entries(one.exposures)
            .map(([arm, units]) => `${arm} ${units}`)
            .join(', '),
          winner: one.analysis?.winner ?? '',
          'what it shows': one.analysis?.explanation ?? '',
        }));
        print.table(rows, experiments);
      }),
    );
  routing
    .command('analyses <experiment>')
    .description('each look at an experiment, by its id or name, newest first')
    .action((name: string) =>
      run(async ({ routing: service }, print) => {
        const { analyses } = await service.listAnalyses({ id: await idOf(service, name), page_size: 1000 });
        const rows = analyses.map((one) => ({
          'as of': stampText(one.as_of),
          days: String(one.complete_days),
          difference: one.difference.toFixed(5),
          'e-value': one.e_value.toFixed(2),
          'p-value': one.p_value.toFixed(4),
          guardrail: one.guardrail.toFixed(2),
          verdict: one.verdict.replaceAll('_', ' '),
        }));
        print.table(rows, analyses);
      }),
    );
}

/** The newest of that name, else it is taken for an id. */
async function idOf(service: Connection['routing'], name: string): Promise<string> {
  const { experiments } = await service.listRoutingExperiments({ page_size: 1000 });
  return experiments.find((one) => one.name === name)?.id ?? name;
}
