import type { ArtifactStore } from '@slipway/plugin-kit';
import type { StepParts } from '../steps/step-kinds.ts';
import { TrainingSets } from '../steps/training-set/training-sets.ts';

/** For tests that read files and run no step: whatever a step would touch is not there. */
export const unusedStepParts: StepParts = {
  clients: {} as StepParts['clients'],
  trainer: {} as StepParts['trainer'],
  runtime: {} as StepParts['runtime'],
  sets: new TrainingSets({} as ArtifactStore, '.'),
  trustedKeys: () => [],
  commands: new Map(),
  environment: {},
};
