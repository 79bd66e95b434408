import type { Tags } from '../domain/experiment.ts';
import type { LoggedModelView, ModelPoint } from '../domain/logged-model.ts';
import { comparePoints, type MetricAppend } from '../domain/metric.ts';
import type {
  DatasetFilter,
  LoggedModelCondition,
  LoggedModelOrderField,
} from '../domain/search/logged-model-search.ts';
import type { LoggedModelReads, PurgeWrites, TrackingTransaction } from '../domain/unit-of-work.ts';
import { loggedModelOrder, pageOf } from './in-memory-order.ts';
import { sortedEntries, type WorkspaceState } from './in-memory-state.ts';
import { matches, numberHolds, textHolds } from './matches.ts';

const isOn = (dataset: DatasetFilter, { about }: ModelPoint): boolean =>
  about.datasetName === dataset.name && (dataset.digest === '' || about.datasetDigest === dataset.digest);

const textsOf = ({ model }: LoggedModelView) => ({
  name: model.name,
  model_id: model.modelId,
  model_type: model.modelType,
  status: model.status,
  source_run_id: model.sourceRunId,
  artifact_location: model.artifactUri,
});

const modelHolds =
  (datasets: readonly DatasetFilter[]) =>
  (condition: LoggedModelCondition, view: LoggedModelView): boolean => {
    switch (condition.on) {
      case 'metric': {
        const points = view.metrics.filter(
          (point) =>
            point.key === condition.key && (datasets.length === 0 || datasets.some((each) => isOn(each, point))),
        );
        if (points.length === 0) return numberHolds(condition.test, undefined);
        return points.some(({ value }) => numberHolds(condition.test, value));
      }
      case 'param':
        return textHolds(condition.test, view.params[condition.key]);
      case 'tag':
        return textHolds(condition.test, view.tags[condition.key]);
      case 'text':
        return textHolds(condition.test, textsOf(view)[condition.attribute]);
      case 'time': {
        const { creationTime, lastUpdateTime } = view.model;
        return numberHolds(condition.test, condition.attribute === 'creation_time' ? creationTime : lastUpdateTime);
      }
    }
  };

/** What a model is ordered by; undefined when it has none. */
function valueOf(field: LoggedModelOrderField, view: LoggedModelView): string | number | bigint | undefined {
  if (field.on === 'text') return textsOf(view)[field.attribute];
  if (field.on === 'time') {
    return field.attribute === 'creation_time' ? view.model.creationTime : view.model.lastUpdateTime;
  }
  const { key, dataset } = field;
  const points = view.metrics.filter((point) => point.key === key && (!dataset || isOn(dataset, point)));
  return points.toSorted(comparePoints).at(-1)?.value;
}

export function loggedModelReads(state: WorkspaceState, workspace: string): LoggedModelReads {
  const stored = (modelId: string): LoggedModelView => {
    const found = state.models.get(modelId);
    if (!found) throw new Error(`there is no logged model ${modelId}`);
    return found;
  };
  return {
    get: async (modelId) => state.models.get(modelId)?.model,
    view: async (model) => ({ ...stored(model.modelId), model }),
    active: async (modelIds) => {
      const isActive = (id: string): boolean => state.models.has(id) && stored(id).model.deletedTime === undefined;
      return new Set(modelIds.filter(isActive));
    },
    search: async ({ experiments, filter, datasets, order }, page) => {
      const found = [...state.models.values()].filter(
        (each) =>
          each.model.deletedTime === undefined &&
          experiments.includes(each.model.experimentId) &&
          matches(filter, each, modelHolds(datasets)),
      );
      const list = ['models', workspace, experiments, filter ?? null, datasets, order];
      return pageOf(found.sort(loggedModelOrder(order, valueOf)), list, ({ model }) => model.modelId, page);
    },
  };
}

export function loggedModelWrites(
  state: WorkspaceState,
  reads: LoggedModelReads,
): Omit<TrackingTransaction['models'], keyof LoggedModelReads> {
  const change = (modelId: string, fields: (view: LoggedModelView) => Partial<LoggedModelView>): void => {
    const view = state.models.get(modelId);
    if (!view) throw new Error(`there is no logged model ${modelId}`);
    state.models.set(modelId, { ...view, ...fields(view) });
  };
  return {
    lock: (modelId) => reads.get(modelId),
    insert: async (model) => void state.models.set(model.modelId, { model, params: {}, tags: {}, metrics: [] }),
    update: async (model) => change(model.modelId, () => ({ model })),
    addParams: async (modelId, added) => {
      change(modelId, ({ params }) => ({ params: sortedEntries({ ...added, ...params }) }));
      const params: Tags = state.models.get(modelId)?.params ?? {};
      return Object.fromEntries(Object.keys(added).map((key) => [key, params[key] ?? '']));
    },
    putTags: async (modelId, tags) => change(modelId, (view) => ({ tags: sortedEntries({ ...view.tags, ...tags }) })),
    deleteTag: async (modelId, key) => {
      const has = state.models.get(modelId)?.tags[key] !== undefined;
      const without = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).filter(([each]) => each !== key));
      change(modelId, ({ tags }) => ({ tags: without(tags) }));
      return has;
    },
  };
}

const identityOf = ({ key, about }: ModelPoint): string =>
  JSON.stringify([key, about.datasetName, about.datasetDigest]);

/** Points about models become their latest values. */
export function appendModelPoints(state: WorkspaceState, appends: readonly MetricAppend[]): void {
  for (const { about, ...point } of appends.flatMap(({ points }) => points)) {
    const view = about && state.models.get(about.modelId);
    if (!view) continue;
    const added: ModelPoint = { ...point, about };
    const known = view.metrics.find((each) => identityOf(each) === identityOf(added));
    if (known && comparePoints(known, added) >= 0) continue;
    const metrics = [...view.metrics.filter((each) => each !== known), added];
    const sorted = metrics.sort((left, right) => (identityOf(left) < identityOf(right) ? -1 : 1));
    state.models.set(about.modelId, { ...view, metrics: sorted });
  }
}

export function purgeWrites(state: WorkspaceState): PurgeWrites {
  const removeModels = (isGone: (view: LoggedModelView) => boolean): void => {
    for (const [modelId, view] of state.models) {
      if (!isGone(view)) continue;
      state.models.delete(modelId);
      for (const [runId, stored] of state.runs) {
        const isKept = (each: { readonly modelId: string }): boolean => each.modelId !== modelId;
        const [modelInputs, modelOutputs] = [stored.modelInputs.filter(isKept), stored.modelOutputs.filter(isKept)];
        state.runs.set(runId, { ...stored, modelInputs, modelOutputs });
      }
    }
  };
  return {
    run: async ({ runId }) => {
      state.runs.delete(runId);
      removeModels(({ model }) => model.sourceRunId === runId && model.deletedTime !== undefined);
    },
    model: async ({ modelId }) => removeModels(({ model }) => model.modelId === modelId),
    experiment: async (id) => {
      for (const [runId, { run }] of state.runs) if (run.experimentId === id) state.runs.delete(runId);
      removeModels(({ model }) => model.experimentId === id);
      for (const key of state.datasets.keys()) {
        if ((JSON.parse(key) as string[])[0] === id.toString()) state.datasets.delete(key);
      }
      state.experiments.delete(id);
    },
  };
}
