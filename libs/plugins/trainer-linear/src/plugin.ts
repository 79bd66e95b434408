import type { TrainerPlugin } from '@slipway/plugin-kit';
import { LinearTrainer } from './linear-trainer.ts';

/** Takes no settings: what a fit needs comes with its job. */
export type LinearTrainerConfig = Readonly<Record<string, never>>;

/** `trainer: linear`: linear and logistic regression, built in. */
export const trainerLinearPlugin: TrainerPlugin<LinearTrainerConfig> = {
  port: 'trainer',
  name: 'linear',
  apiVersion: 1,
  parseConfig: (raw) => {
    const names = Object.keys(raw);
    if (names.length > 0) throw new Error(`trainer.linear: has no settings, found ${names.join(', ')}`);
    return {};
  },
  create: (_, { clock }) => new LinearTrainer(clock),
};
