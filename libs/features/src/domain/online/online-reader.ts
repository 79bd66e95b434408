import type { Caller } from '@slipway/kernel';
import type { OnlineRead } from '@slipway/plugin-kit';
import type { FeatureDependencies } from '../dependencies.ts';
import { selectFeatures, type FeatureRequest, type SelectedFeature } from '../feature-selection.ts';
import type { FeatureView } from '../repository/feature-repository.ts';
import type { IndexedRepository } from '../repository-cache.ts';
import { answerColumn, openRows, type AnsweredColumn } from './online-answer.ts';
import { checkKeyColumns, viewKeys, type KeyColumn } from './online-request.ts';
import { RowCodec } from './row-codec.ts';

export interface OnlineRequest extends FeatureRequest {
  readonly entities: ReadonlyMap<string, KeyColumn>;
  /** Time that ages are reckoned at; undefined is now. */
  readonly asOf: bigint | undefined;
}

export interface OnlineAnswer {
  /** In the order of the request, or of the feature service. */
  readonly features: readonly { readonly name: string; readonly column: AnsweredColumn }[];
  readonly views: readonly {
    readonly view: string;
    readonly digest: string;
    readonly eventTimes: readonly (number | string)[];
  }[];
}

/** What a list of features needs, worked out once per repository. */
interface ReadPlan {
  readonly selected: readonly SelectedFeature[];
  readonly views: readonly { readonly view: FeatureView; readonly codec: RowCodec }[];
  /** For each feature its view and its column there. */
  readonly places: readonly { readonly view: number; readonly column: number }[];
}

/** Lists of features that callers repeat; each is some objects. */
const PLANS_MAX = 1_000;

type Dependencies = Pick<FeatureDependencies, 'repositories' | 'online' | 'clock'>;

/** Reads the newest features by key. Safe for concurrent calls. */
export class OnlineReader {
  readonly #deps: Dependencies;
  /** The repository object is the key: another revision has none of the plans before. */
  readonly #plans = new WeakMap<IndexedRepository, Map<string, ReadPlan>>();

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /**
   * All views in one round trip. Four statuses, always: see `STATUS`. A view that was never materialized has no rows, which is no error.
   * @throws {InvalidArgumentError} reason FEATURES_INVALID or JOIN_KEYS_INVALID. @throws {NotFoundError} reason FEATURE_SERVICE_NOT_FOUND.
   * @throws {UnavailableError} when the online store cannot be reached. @throws {DataLossError} reason ONLINE_ROW_BROKEN.
   */
  async read(
    { workspace }: Pick<Caller, 'workspace'>,
    request: OnlineRequest,
    signal: AbortSignal,
  ): Promise<OnlineAnswer> {
    const { repositories, online, clock } = this.#deps;
    const plan = this.#planOf(request, repositories.fresh(workspace) ?? (await repositories.refresh(workspace)));
    const count = checkKeyColumns(request.entities, plan.selected);
    const keys = plan.views.map(({ view }) => viewKeys(view, request.entities, count));
    const reads = plan.views.map(({ view }, index) => ({
      table: { workspace, view: view.name, schema: view.digest },
      keys: (keys[index] ?? []).filter((key) => key !== undefined),
    }));
    const asOf = request.asOf ?? clock.now();
    const found = await readAll(online, reads, signal);
    // No await from here on: what the store handed out lasts until the next turn.
    const opened = plan.views.map(({ view, codec }, index) => {
      const stored = found[index] ?? [];
      let at = 0;
      const rows = (keys[index] ?? []).map((key) => (key === undefined ? undefined : stored[at++]));
      return openRows(codec, rows, asOf, view.ttlMicros);
    });
    const features = plan.selected.map(({ name, feature }, index) => {
      const place = plan.places[index];
      const view = plan.views[place?.view ?? 0];
      const rows = opened[place?.view ?? 0];
      if (!place || !view || !rows) throw new Error('a plan without a view');
      return { name, column: answerColumn(view.codec, place.column, feature.type, rows) };
    });
    const views = plan.views.map(({ view }, index) => {
      return { view: view.name, digest: view.digest, eventTimes: opened[index]?.eventTimes ?? [] };
    });
    return { features, views };
  }

  #planOf(request: OnlineRequest, repository: IndexedRepository): ReadPlan {
    const plans = this.#plans.get(repository) ?? new Map<string, ReadPlan>();
    this.#plans.set(repository, plans);
    const key = `${request.featureService}\n${request.features.join('\n')}`;
    const known = plans.get(key);
    if (known) return known;
    const plan = makePlan(selectFeatures(request, repository));
    if (plans.size >= PLANS_MAX) plans.clear();
    plans.set(key, plan);
    return plan;
  }
}

function makePlan(selected: readonly SelectedFeature[]): ReadPlan {
  const views = [...new Set(selected.map(({ view }) => view))];
  return {
    selected,
    views: views.map((view) => ({ view, codec: new RowCodec(view.features) })),
    places: selected.map(({ view, feature }) => ({
      view: views.indexOf(view),
      column: view.features.indexOf(feature),
    })),
  };
}

/** One call of the store, or as many as its bound asks for. Rows of an earlier call would not outlast a later one, so those are copied. */
async function readAll(online: FeatureDependencies['online'], reads: readonly OnlineRead[], signal: AbortSignal) {
  const total = reads.reduce((sum, { keys }) => sum + keys.length, 0);
  const { readKeysMax } = online.capabilities;
  if (total <= readKeysMax) return online.read(reads, signal);
  const blocks = [];
  for (const { table, keys } of reads) {
    const rows = [];
    for (let at = 0; at < keys.length; at += readKeysMax) {
      const [block = []] = await online.read([{ table, keys: keys.slice(at, at + readKeysMax) }], signal);
      for (const row of block) rows.push(row && { ...row, values: Uint8Array.from(row.values) });
    }
    blocks.push(rows);
  }
  return blocks;
}
