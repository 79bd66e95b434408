import type { Command } from 'commander';
import type { RunCommand } from './run-command.ts';
import { stampText } from './stamps.ts';

const number = (value: number, digits = 4): string => (Number.isFinite(value) ? value.toFixed(digits) : '');

export function addMonitoringCommands(program: Command, run: RunCommand): void {
  const monitoring = program.command('monitoring').description('whether models in use still do what they did');
  monitoring
    .command('days <objective>')
    .description('days of an objective with the numbers of each version')
    .action((objective: string) =>
      run(async ({ monitoring: service }, print) => {
        const { windows } = await service.listWindows({ objective, page_size: 366 });
        const rows = windows.flatMap((window) =>
          window.versions.map((version, index) => ({
            day: index === 0 ? window.day : '',
            version: version.version,
            answered: version.served ? 'yes' : 'listened',
            rows: version.rows,
            'with outcome': version.labelled_rows,
            'log loss': number(version.log_loss),
            'mean score': number(version.mean_score),
            'mean label': number(version.mean_label),
            exceeded: version.checks
              .filter(({ exceeded }) => exceeded)
              .map(({ check, feature }) => [check, feature].filter(Boolean).join(' '))
              .join(', '),
          })),
        );
        print.table(rows, windows);
      }),
    );
  monitoring
    .command('alerts [objective]')
    .description('alerts, newest first')
    .action((objective: string | undefined) =>
      run(async ({ monitoring: service }, print) => {
        const { alerts } = await service.listAlerts({ objective: objective ?? '', page_size: 1000 });
        const rows = alerts.map((one) => ({
          objective: one.objective,
          version: one.version,
          kind: one.kind,
          from: one.first_day,
          until: one.open ? 'still' : one.last_day,
          checks: one.checks
            .map(
              ({ check, feature, value, threshold }) =>
                `${check} ${feature} ${number(value, 3)}/${number(threshold, 3)}`,
            )
            .join(', '),
          time: stampText(one.create_time),
        }));
        print.table(rows, alerts);
      }),
    );
}
