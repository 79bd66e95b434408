export { trainerLinearPlugin, type LinearTrainerConfig } from './plugin.ts';
