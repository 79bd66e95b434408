import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { RunCommand } from './run-command.ts';
import type { ProgramSurroundings } from './surroundings.ts';

interface TrainOptions {
  readonly config: string;
  readonly gateway: string;
}

const DEFAULT_GATEWAY = 'http://127.0.0.1:8080';

export function addTrainCommand(
  program: Command,
  run: RunCommand,
  { environment, notes, interruption }: ProgramSurroundings,
): void {
  program
    .command('train')
    .description('train on a training set, write the run down, register a version')
    .requiredOption('--config <file>', 'YAML that says what to learn from what, and with which trainer')
    .addOption(
      new Option('--gateway <url>', 'where programs that train reach tracking [SLIPWAY_GATEWAY]').default(
        environment['SLIPWAY_GATEWAY'] ?? DEFAULT_GATEWAY,
      ),
    )
    .action((options: TrainOptions) =>
      run(async (connection, print) => {
        // trainers and the runtime are native and large: only this command pays for them
        const { readTrainFile } = await import('./training/train-file.ts');
        const { trainFrom } = await import('./training/train-from.ts');
        const file = readTrainFile(resolve(options.config), environment);
        const made = await trainFrom(file, { connection, notes, signal: interruption(), gateway: options.gateway });
        const metrics = Object.entries(made.metrics).map(([name, value]) => `${name}=${value.toPrecision(5)}`);
        print.table([{ run: made.runId, model: file.model, version: made.version, metrics: metrics.join(' ') }], {
          run_id: made.runId,
          model: file.model,
          version: made.version,
          metrics: made.metrics,
        });
      }),
    );
}
