import { DEFAULT_WORKSPACE, type Clock, type IdSource, type Logger } from '@slipway/kernel';
import type { PipelineVocabulary } from './document/link-pipeline.ts';
import type { PipelineLimits } from './limits.ts';
import type { PipelineSpec } from './pipeline.ts';
import type { RunChanges } from './run-changes.ts';
import type { StepKinds } from './step-kind.ts';
import type { Call, PipelineUnitOfWork, RunLedger } from './unit-of-work.ts';

export interface PipelineDependencies {
  readonly unitOfWork: PipelineUnitOfWork;
  readonly ledger: RunLedger;
  readonly kinds: StepKinds;
  readonly vocabulary: PipelineVocabulary;
  readonly changes: RunChanges;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: PipelineLimits;
  /** sha256, hex. */
  readonly digestOf: (text: string) => string;
  /** Called when there is something to drive, so that nobody waits for the next look. */
  readonly wake: () => void;
}

/** What is written of a pipeline is read with what was known then; a kind that is gone is found when its step begins. */
export type ReadSpec = (content: string) => PipelineSpec;

/** Principal of what pipelines do by themselves. */
const PRINCIPAL = 'service:pipelines';

export const ownCall = (workspace: string, requestId: string): Call => ({
  caller: {
    principal: PRINCIPAL,
    workspace: workspace || DEFAULT_WORKSPACE,
    allWorkspaces: false,
    permissions: new Set(),
  },
  requestId,
});
