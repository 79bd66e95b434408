import type { TrainerPlugin } from '@slipway/plugin-kit';
import { Settings } from '../settings.ts';
import { NewtonTrainer } from './newton-trainer.ts';

/** Linear and logistic regression. No settings; a job may have the option `ridge`. The seed changes nothing: nothing is random. */
export const newtonPlugin: TrainerPlugin<object> = {
  port: 'trainer',
  name: 'newton',
  apiVersion: 1,
  parseConfig: (raw) => {
    new Settings(raw).check();
    return {};
  },
  create: () => new NewtonTrainer(),
};
