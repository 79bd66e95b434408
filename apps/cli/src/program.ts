import { Command, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { addAliasCommands } from './aliases.ts';
import { addAuditCommands } from './audit.ts';
import { addBatchCommands } from './batch.ts';
import { connect } from './connection.ts';
import { addFeatureCommands } from './features.ts';
import { addModelCommands } from './models.ts';
import { addMonitoringCommands } from './monitoring.ts';
import { addPipelineCommands } from './pipelines.ts';
import { printerFor } from './printer.ts';
import { addRoutingCommands } from './routing.ts';
import type { RunCommand } from './run-command.ts';
import type { ProgramSurroundings } from './surroundings.ts';
import { addTrackingCommands } from './runs.ts';
import { addTokenCommand } from './token.ts';
import { addTrainCommand } from './train.ts';

interface GlobalOptions {
  readonly address: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly workspace?: string;
  readonly json: boolean;
}

/** The whole command line; nothing is read or opened before a command runs. */
export function createProgram(surroundings: ProgramSurroundings): Command {
  const { out, environment } = surroundings;
  const option = (flags: string, text: string, variable: string): Option => {
    const made = new Option(flags, `${text} [${variable}]`);
    const value = environment[variable];
    return value === undefined ? made : made.default(value, 'from the environment');
  };
  const address = option('--address <host:port>', 'where the services listen', 'SLIPWAY_ADDRESS');
  if (address.defaultValue === undefined) address.default('127.0.0.1:50051');
  const program = new Command('slipway')
    .description(
      'Models, runs, features, jobs, pipelines, experiments, monitoring and the audit log of a running Slipway.',
    )
    .version(manifest.version)
    .addOption(address)
    .addOption(option('--token <token>', 'token of the caller', 'SLIPWAY_TOKEN'))
    .addOption(option('--token-file <path>', 'file that holds it', 'SLIPWAY_TOKEN_FILE'))
    .addOption(option('--workspace <name>', 'workspace to act in', 'SLIPWAY_WORKSPACE'))
    .option('--json', 'print JSON', false)
    .showHelpAfterError()
    .configureOutput({ writeOut: (text) => void out.write(text) });
  const run: RunCommand = async (work) => {
    const options = program.opts<GlobalOptions>();
    const connection = connect(options);
    try {
      await work(connection, printerFor(out, options.json));
    } finally {
      await connection.close();
    }
  };
  addModelCommands(program, run);
  addAliasCommands(program, run);
  addTrackingCommands(program, run);
  addFeatureCommands(program, run);
  addTrainCommand(program, run, surroundings);
  addBatchCommands(program, run);
  addPipelineCommands(program, run);
  addRoutingCommands(program, run);
  addMonitoringCommands(program, run);
  addAuditCommands(program, run);
  addTokenCommand(program, out);
  return program;
}
