export { trainerCommandPlugin } from './plugin.ts';
export { type CommandHost, type CommandTrainerConfig } from './config.ts';
