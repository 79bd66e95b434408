import type { Dataset } from '../domain/dataset.ts';
import type { Experiment, Tags } from '../domain/experiment.ts';
import type { TrackingFact } from '../domain/facts.ts';
import type { LoggedModelView, ModelInput, ModelOutput } from '../domain/logged-model.ts';
import type { MetricPoint } from '../domain/metric.ts';
import type { Run } from '../domain/run.ts';
import type { AuditEntry } from '../domain/unit-of-work.ts';

export interface StoredRun {
  readonly run: Run;
  readonly params: Tags;
  readonly tags: Tags;
  readonly points: readonly MetricPoint[];
  readonly inputs: readonly { readonly name: string; readonly digest: string; readonly tags: Tags }[];
  readonly modelInputs: readonly ModelInput[];
  readonly modelOutputs: readonly ModelOutput[];
}

/** One workspace. Values are never changed in place, so that a copy of the maps is a copy of the state. */
export interface WorkspaceState {
  readonly experiments: Map<bigint, Experiment>;
  readonly runs: Map<string, StoredRun>;
  /** By experiment, name and digest as JSON. */
  readonly datasets: Map<string, Dataset>;
  readonly models: Map<string, LoggedModelView>;
  lastExperiment: bigint | undefined;
}

export interface InMemoryState {
  readonly workspaces: Map<string, WorkspaceState>;
  readonly requests: Map<string, { readonly fingerprint: string; readonly answer: unknown }>;
  readonly facts: { readonly workspace: string; readonly fact: TrackingFact }[];
  readonly audit: (AuditEntry & { readonly workspace: string; readonly principal: string })[];
}

export const sortedEntries = (entries: Tags): Tags =>
  Object.fromEntries(Object.entries(entries).sort(([left], [right]) => (left < right ? -1 : 1)));

export const emptyState = (): InMemoryState => ({ workspaces: new Map(), requests: new Map(), facts: [], audit: [] });

export const emptyWorkspace = (): WorkspaceState => ({
  experiments: new Map(),
  runs: new Map(),
  datasets: new Map(),
  models: new Map(),
  lastExperiment: undefined,
});

export const copyState = (state: InMemoryState): InMemoryState => ({
  workspaces: new Map(
    [...state.workspaces].map(([name, { experiments, runs, datasets, models, lastExperiment }]) => [
      name,
      {
        experiments: new Map(experiments),
        runs: new Map(runs),
        datasets: new Map(datasets),
        models: new Map(models),
        lastExperiment,
      },
    ]),
  ),
  requests: new Map(state.requests),
  facts: [...state.facts],
  audit: [...state.audit],
});
