import { InvalidArgumentError, type Caller, type Clock, type Micros } from '@slipway/kernel';
import type { DatasetInput } from '../domain/dataset.ts';
import { experimentAlreadyExists } from '../domain/errors.ts';
import type { Experiment } from '../domain/experiment.ts';
import type { RunPoint } from '../domain/histories.ts';
import type { ModelInput } from '../domain/logged-model.ts';
import { comparePoints, type MetricPoint } from '../domain/metric.ts';
import { isInView } from '../domain/paging.ts';
import { countFitting, experimentChars, project, viewChars } from '../domain/run-projection.ts';
import type { Run, RunView } from '../domain/run.ts';
import { CONTEXT_TAG } from '../domain/dataset.ts';
import type {
  Call,
  DatasetSummary,
  TrackingReads,
  TrackingTransaction,
  TrackingUnitOfWork,
} from '../domain/unit-of-work.ts';
import { experimentOrder, pageOf, runOrder } from './in-memory-order.ts';
import {
  copyState,
  emptyState,
  emptyWorkspace,
  sortedEntries,
  type InMemoryState,
  type StoredRun,
  type WorkspaceState,
} from './in-memory-state.ts';
import { sampled } from './sampled.ts';
import { appendModelPoints, loggedModelReads, loggedModelWrites, purgeWrites } from './in-memory-models.ts';
import { experimentHolds, matches, runHolds } from './matches.ts';

/** The state of tracking in memory: units of work one after the other, each on a copy that replaces the state when it succeeds. */
export class InMemoryTracking implements TrackingUnitOfWork {
  state: InMemoryState = emptyState();
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  run<Result>(call: Call, work: (tx: TrackingTransaction) => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(async () => {
      const copy = copyState(this.state);
      const result = await work(inMemoryTransaction(copy, call, this.#clock.now()));
      this.state = copy;
      return result;
    });
    this.#last = turn.catch(() => undefined); // the next one begins whatever became of this one
    return turn;
  }

  async read<Result>({ workspace }: Caller, work: (reads: TrackingReads) => Promise<Result>): Promise<Result> {
    return work(inMemoryReads(workspaceOf(this.state, workspace), workspace));
  }
}

function workspaceOf(state: InMemoryState, name: string): WorkspaceState {
  const workspace = state.workspaces.get(name) ?? emptyWorkspace();
  state.workspaces.set(name, workspace);
  return workspace;
}

const datasetKey = (experimentId: bigint, name: string, digest: string): string =>
  JSON.stringify([experimentId.toString(), name, digest]);

function inputsOf(state: WorkspaceState, { run, inputs }: StoredRun): readonly DatasetInput[] {
  const sorted = inputs.toSorted((left, right) =>
    `${left.name}\0${left.digest}` < `${right.name}\0${right.digest}` ? -1 : 1,
  );
  return sorted.flatMap(({ name, digest, tags }) => {
    const dataset = state.datasets.get(datasetKey(run.experimentId, name, digest));
    return dataset ? [{ dataset, tags }] : [];
  });
}

function viewOf(state: WorkspaceState, stored: StoredRun): RunView {
  const latest = new Map<string, MetricPoint>();
  for (const point of stored.points) {
    const known = latest.get(point.key);
    if (!known || comparePoints(known, point) < 0) latest.set(point.key, point);
  }
  const metrics = [...latest.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  const { run, params, tags, modelInputs, modelOutputs } = stored;
  const datasets = inputsOf(state, stored);
  return {
    run,
    params: sortedEntries(params),
    tags: sortedEntries(tags),
    metrics,
    datasets,
    modelInputs,
    modelOutputs,
  };
}

function inMemoryReads(state: WorkspaceState, workspace: string): TrackingReads {
  const viewAll = () => [...state.runs.values()].map((stored) => viewOf(state, stored));
  return {
    experiments: {
      get: (id) => Promise.resolve(state.experiments.get(id)),
      findByName: (name) => Promise.resolve([...state.experiments.values()].find((each) => each.name === name)),
      search: async ({ filter, view, order, charsMax }, page) => {
        const found = [...state.experiments.values()].filter(
          (each) => isInView(view, each.deleted) && matches(filter, each, experimentHolds),
        );
        const list = ['experiments', workspace, filter ?? null, view, order];
        const countOf = (each: readonly Experiment[]) => countFitting(each, experimentChars, charsMax);
        return pageOf(found.sort(experimentOrder(order)), list, ({ id }) => id.toString(), page, countOf);
      },
    },
    runs: {
      get: (runId) => Promise.resolve(state.runs.get(runId)?.run),
      view: async (run) => ({ ...viewOf(state, storedRun(state, run.runId)), run }),
      search: async ({ experiments, filter, view, order, projection, charsMax }, page) => {
        const found = viewAll().filter(
          (each) =>
            experiments.includes(each.run.experimentId) &&
            isInView(view, each.run.deleted) &&
            matches(filter, each, runHolds),
        );
        const list = ['runs', workspace, experiments, filter ?? null, view, order];
        const sorted = found.sort(runOrder(order)).map((each) => project(each, projection));
        const countOf = (views: readonly RunView[]) => countFitting(views, viewChars, charsMax);
        return pageOf(sorted, list, ({ run }) => run.runId, page, countOf);
      },
    },
    metrics: {
      history: async (runId, key, page) => {
        const points = (state.runs.get(runId)?.points ?? []).filter((point) => point.key === key).sort(comparePoints);
        return pageOf(points, ['history', workspace, runId, key], identityOf, page);
      },
      histories: async (runIds, key, page) => {
        const points = runIds.flatMap((runId) =>
          (state.runs.get(runId)?.points ?? [])
            .filter((point) => point.key === key)
            .sort(comparePoints)
            .map((point) => ({ runId, point })),
        );
        const identity = (each: RunPoint) => `${each.runId} ${identityOf(each.point)}`;
        return pageOf(points, ['histories', workspace, runIds, key], identity, page);
      },
      sample: async (key, query) => {
        const all = [...state.runs.values()].map(({ run, points }) => ({
          runId: run.runId,
          points: points.filter((point) => point.key === key),
        }));
        return sampled(key, all, query);
      },
    },
    inputs: {
      of: async ({ runId }) => inputsOf(state, storedRun(state, runId)),
      summaries: async (experiments, bound) => summariesOf(state, experiments).slice(0, bound),
    },
    models: loggedModelReads(state, workspace),
  };
}

function summariesOf(state: WorkspaceState, experiments: readonly bigint[]): DatasetSummary[] {
  const all = [...state.runs.values()].flatMap(({ run: { experimentId }, inputs }) =>
    inputs.map(({ name, digest, tags }) => ({ experimentId, name, digest, context: tags[CONTEXT_TAG] ?? '' })),
  );
  const keyOf = ({ experimentId, name, digest, context }: DatasetSummary): string =>
    [experimentId.toString().padStart(20, '0'), name, digest, context].join('\0');
  const distinct = new Map(
    all.filter((each) => experiments.includes(each.experimentId)).map((each) => [keyOf(each), each]),
  );
  return [...distinct].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each);
}

const identityOf = ({ key, step, timestamp, value }: MetricPoint): string =>
  JSON.stringify([key, step.toString(), timestamp.toString(), Object.is(value, -0) ? '-0' : String(value)]);

function storedRun(state: WorkspaceState, runId: string): StoredRun {
  const stored = state.runs.get(runId);
  if (!stored) throw new Error(`there is no run ${runId}`);
  return stored;
}

const NOTHING_LOGGED = { params: {}, tags: {}, points: [], inputs: [], modelInputs: [], modelOutputs: [] };

/** The first of each id, by id. */
const merged = <Model extends ModelInput>(known: readonly Model[], added: readonly Model[]): readonly Model[] => {
  const byId = new Map([...known, ...added].toReversed().map((model) => [model.modelId, model]));
  return [...byId.values()].sort((left, right) => (left.modelId < right.modelId ? -1 : 1));
};

function inMemoryTransaction(state: InMemoryState, { caller }: Call, now: Micros): TrackingTransaction {
  const { workspace: name, principal } = caller;
  const workspace = workspaceOf(state, name);
  const reads = inMemoryReads(workspace, name);
  const change = (runId: string, fields: Partial<StoredRun>): void =>
    void workspace.runs.set(runId, { ...storedRun(workspace, runId), ...fields });
  return {
    now,
    experiments: { ...reads.experiments, ...experimentWrites(workspace) },
    runs: {
      ...reads.runs,
      lock: (runId) => reads.runs.get(runId),
      hold: (runId) => reads.runs.get(runId),
      insert: async (run) => void workspace.runs.set(run.runId, { run, ...NOTHING_LOGGED }),
      update: async (run) => change(run.runId, { run }),
      markAll: async (experimentId, deletedTime) => {
        const deleted = deletedTime !== undefined;
        for (const { run } of workspace.runs.values()) {
          if (run.experimentId === experimentId) change(run.runId, { run: { ...run, deleted, deletedTime } });
        }
      },
    },
    params: {
      add: async (runId, added) => {
        const params = { ...added, ...storedRun(workspace, runId).params };
        change(runId, { params });
        return Object.fromEntries(Object.keys(added).map((key) => [key, params[key] ?? '']));
      },
    },
    tags: {
      put: async (runId, tags) => change(runId, { tags: { ...storedRun(workspace, runId).tags, ...tags } }),
      delete: async (runId, key) => {
        const { [key]: found, ...tags } = storedRun(workspace, runId).tags;
        change(runId, { tags });
        return found !== undefined;
      },
    },
    metrics: { ...reads.metrics, ...metricWrites(workspace, change) },
    inputs: {
      ...reads.inputs,
      add: async (run, inputs) => addInputs(workspace, run, inputs, change),
      addModels: async ({ runId }, { inputs, outputs }) => {
        const { modelInputs, modelOutputs } = storedRun(workspace, runId);
        change(runId, { modelInputs: merged(modelInputs, inputs), modelOutputs: merged(modelOutputs, outputs) });
      },
    },
    models: { ...reads.models, ...loggedModelWrites(workspace, reads.models) },
    purge: purgeWrites(workspace),
    events: { add: (fact) => void state.facts.push({ workspace: name, fact }) },
    audit: { add: (entry) => void state.audit.push({ ...entry, workspace: name, principal }) },
    once: (method, requestId, request, work) => once(state, [name, principal, method, requestId], request, work),
  };
}

function experimentWrites(
  state: WorkspaceState,
): Omit<TrackingTransaction['experiments'], keyof TrackingReads['experiments']> {
  const put = async (experiment: Experiment): Promise<void> => {
    const taken = [...state.experiments.values()].some(
      ({ id, name }) => name === experiment.name && id !== experiment.id,
    );
    if (taken) throw experimentAlreadyExists(experiment.name);
    state.experiments.set(experiment.id, { ...experiment, tags: sortedEntries(experiment.tags) });
  };
  return {
    ensureDefault: async (experiment) => {
      if (state.lastExperiment !== undefined) return;
      state.lastExperiment = 0n;
      await put(experiment);
    },
    nextId: async () => (state.lastExperiment = (state.lastExperiment ?? 0n) + 1n),
    lock: async (id) => state.experiments.get(id),
    hold: async (id) => state.experiments.get(id),
    insert: put,
    update: put,
  };
}

type Change = (runId: string, fields: Partial<StoredRun>) => void;

function metricWrites(
  state: WorkspaceState,
  change: Change,
): Pick<TrackingTransaction['metrics'], 'append' | 'appendToActive'> {
  const append: TrackingTransaction['metrics']['append'] = async (appends) => {
    for (const { runId, points } of appends) {
      const all = [
        ...storedRun(state, runId).points,
        ...points.map(({ key, value, step, timestamp }) => ({ key, value, step, timestamp })),
      ];
      change(runId, { points: [...new Map(all.map((point) => [identityOf(point), point])).values()] });
    }
    appendModelPoints(state, appends);
  };
  return {
    append,
    appendToActive: async (appends) => {
      const refused = new Map<string, 'absent' | 'deleted'>();
      for (const { runId } of appends) {
        const run = state.runs.get(runId)?.run;
        if (!run) refused.set(runId, 'absent');
        else if (run.deleted) refused.set(runId, 'deleted');
      }
      await append(appends.filter(({ runId }) => !refused.has(runId)));
      return refused;
    },
  };
}

function addInputs(
  state: WorkspaceState,
  { runId, experimentId }: Run,
  added: readonly DatasetInput[],
  change: Change,
): void {
  const inputs = [...storedRun(state, runId).inputs];
  for (const { dataset, tags } of added) {
    const { name, digest } = dataset;
    const key = datasetKey(experimentId, name, digest);
    if (!state.datasets.has(key)) state.datasets.set(key, dataset);
    if (!inputs.some((known) => known.name === name && known.digest === digest)) inputs.push({ name, digest, tags });
  }
  change(runId, { inputs });
}

async function once<Answer>(
  state: InMemoryState,
  key: readonly [string, string, string, requestId: string],
  request: unknown,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (key[3] === '') return work();
  const fingerprint = JSON.stringify(request, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
  const stored = state.requests.get(JSON.stringify(key));
  if (stored && stored.fingerprint !== fingerprint) {
    throw InvalidArgumentError.of('request_id', 'was used for another request', { reason: 'REQUEST_ID_REUSED' });
  }
  if (stored) return structuredClone(stored.answer) as Answer;
  const answer = await work();
  state.requests.set(JSON.stringify(key), { fingerprint, answer: structuredClone(answer) });
  return answer;
}
