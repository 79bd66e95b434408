import type { TrainerPlugin } from '@slipway/plugin-kit';
import { CommandTrainer } from './command-trainer.ts';
import { parseConfig, type CommandHost, type CommandTrainerConfig } from './config.ts';

/** `trainer: command`: a program named in the configuration trains, in any language. Without the setting `command` it does not start. */
export const trainerCommandPlugin = (host: CommandHost): TrainerPlugin<CommandTrainerConfig> => ({
  port: 'trainer',
  name: 'command',
  apiVersion: 1,
  parseConfig: (raw) => parseConfig(raw, host),
  create: (config, dependencies) => new CommandTrainer(config, host, dependencies),
});
