import type { Column } from '@slipway/contracts/slipway.common.v1';
import type {
  FeatureStatus,
  GetOnlineFeaturesRequest,
  GetOnlineFeaturesResponse__Output,
} from '@slipway/contracts/slipway.features.v1';
import { InvalidArgumentError, NotFoundError, UnavailableError } from '@slipway/kernel';
import type { FeatureCalls } from '../rpc/feature-store-source.ts';

type Options = Parameters<FeatureCalls['getOnlineFeatures']>[1];

/** One row of one view: its values by feature; what is not there is null. */
export interface FakeRow {
  readonly eventTime: bigint;
  readonly values: Readonly<Record<string, number | bigint | string | boolean>>;
  /** Older than its view allows. */
  readonly isOld?: boolean;
}

export interface FakeView {
  readonly joinKey: string;
  readonly types: Readonly<Record<string, 'strings' | 'integers' | 'numbers' | 'booleans' | 'timestamps'>>;
  readonly rows: Map<string, FakeRow>;
}

/** A feature store in memory that answers as the real one does, to one key per view. */
export class FakeFeatureStore implements FeatureCalls {
  readonly views = new Map<string, FakeView>();
  readonly calls: { readonly request: GetOnlineFeaturesRequest; readonly options: Options }[] = [];
  /** What the next calls fail with. */
  failure: Error | undefined;
  /** Awaited before each answer. */
  delay: () => Promise<void> = () => Promise.resolve();

  async getOnlineFeatures(
    request: GetOnlineFeaturesRequest,
    options: Options,
  ): Promise<GetOnlineFeaturesResponse__Output> {
    this.calls.push({ request, options });
    await this.delay();
    options.signal.throwIfAborted();
    if (this.failure) throw this.failure;
    const features = (request.features ?? []).map((name) => this.#vector(name, request));
    const views = [...new Set((request.features ?? []).map(viewOf))].map((view) => ({
      view,
      digest: '',
      event_time_micros: this.#rows(view, request).map((row) => `${row?.eventTime ?? 0n}`),
    }));
    return { features, views };
  }

  #vector(name: string, request: GetOnlineFeaturesRequest): GetOnlineFeaturesResponse__Output['features'][number] {
    const type = this.#view(viewOf(name)).types[featureOf(name)];
    if (!type) throw new NotFoundError(`there is no feature ${name}`);
    const rows = this.#rows(viewOf(name), request);
    const values = rows.map((row) => row?.values[featureOf(name)]);
    const statuses = rows.map((row, at) => statusOf(row, values[at] !== undefined));
    const filled = values.map((value) => wireValue(type, value));
    const column = { nulls: values.map((value) => value === undefined), [type]: { values: filled }, values: type };
    return {
      name,
      values: column,
      statuses,
    };
  }

  #view(name: string): FakeView {
    const view = this.views.get(name);
    if (!view) throw new NotFoundError(`there is no view ${name}`);
    return view;
  }

  #rows(name: string, { entities = {} }: GetOnlineFeaturesRequest): readonly (FakeRow | undefined)[] {
    const { joinKey, rows } = this.#view(name);
    const keys = keysOf(entities[joinKey]);
    if (!keys) throw InvalidArgumentError.of(`entities[${joinKey}]`, `is missing; view ${name} is about it`);
    return keys.map((key) => rows.get(key));
  }
}

const viewOf = (name: string): string => name.slice(0, name.indexOf(':'));
const featureOf = (name: string): string => name.slice(name.indexOf(':') + 1);

const keysOf = (column: Column | undefined): readonly string[] | undefined =>
  column?.strings?.values ?? column?.integers?.values?.map(String);

function statusOf(row: FakeRow | undefined, hasValue: boolean): FeatureStatus & string {
  if (!row) return 'FEATURE_STATUS_NOT_FOUND';
  if (row.isOld) return 'FEATURE_STATUS_OUTSIDE_MAX_AGE';
  return hasValue ? 'FEATURE_STATUS_PRESENT' : 'FEATURE_STATUS_NULL_VALUE';
}

function wireValue(type: string, value: FakeRow['values'][string] | undefined): unknown {
  if (type === 'strings') return value ?? '';
  if (type === 'booleans') return value ?? false;
  return type === 'numbers' ? (value ?? 0) : `${value ?? 0}`;
}

export const storeIsAway = (): Error => new UnavailableError('connection refused');
