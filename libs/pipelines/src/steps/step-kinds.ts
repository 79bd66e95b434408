import type { ModelRuntime, Trainer } from '@slipway/plugin-kit';
import type { TrustedKey } from '@slipway/model-package';
import type { StepKind, StepKinds } from '../domain/step-kind.ts';
import { approveKind } from './approve-kind.ts';
import type { Commands } from './command/command-file.ts';
import { commandKind } from './command/command-kind.ts';
import { deployKind } from './deploy-kind.ts';
import { gateKind } from './gate-kind.ts';
import { evaluateKind } from './learning/evaluate-kind.ts';
import { trainKind } from './learning/train-kind.ts';
import { scoreKind } from './score-kind.ts';
import type { PipelineClients } from './services.ts';
import { trainingSetKind } from './training-set/training-set-kind.ts';
import type { TrainingSets } from './training-set/training-sets.ts';
import { validateKind } from './validate-kind.ts';

export interface StepParts {
  readonly clients: PipelineClients;
  readonly sets: TrainingSets;
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  /** Asked when a package is verified, so that a new key is known. */
  readonly trustedKeys: () => readonly TrustedKey[];
  readonly commands: Commands;
  /** Of this process; commands see the variables that their file names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Every kind of step there is. */
export function createStepKinds(parts: StepParts): StepKinds {
  const kinds: readonly StepKind[] = [
    validateKind(parts.clients),
    trainingSetKind(parts.clients, parts.sets),
    trainKind(parts),
    evaluateKind(parts),
    gateKind(parts.clients),
    approveKind(parts.clients),
    deployKind(parts.clients),
    scoreKind(parts.clients),
    commandKind(parts.commands, parts.environment),
  ];
  return new Map(kinds.map((kind) => [kind.kind, kind]));
}
