import type {
  FeatureVector__Output,
  GetOnlineFeaturesRequest,
  GetOnlineFeaturesResponse__Output,
} from '@slipway/contracts/slipway.features.v1';
import {
  DomainError,
  FailedPreconditionError,
  InvalidArgumentError,
  UnavailableError,
  type Micros,
} from '@slipway/kernel';
import {
  FEATURE_STATUSES,
  type FeatureColumn,
  type FeatureRead,
  type FeatureSource,
  type FeatureStatus,
  type OnlineFeatures,
} from '../domain/feature-source.ts';
import { fromColumn, toColumn } from './columns.ts';

/** The calls of the feature store's client that serving makes. */
export interface FeatureCalls {
  getOnlineFeatures(
    request: GetOnlineFeaturesRequest,
    options: {
      readonly workspace: string;
      readonly signal: AbortSignal;
      readonly timeoutMs: number;
      readonly requestId: string;
      readonly headers: Readonly<Record<string, string>>;
    },
  ): Promise<GetOnlineFeaturesResponse__Output>;
}

/** A day, the longest the client waits. */
const TIMEOUT_MS_MAX = 86_400_000;
const STATUS_PREFIX = 'FEATURE_STATUS_';
const STATUSES: ReadonlySet<string> = new Set(FEATURE_STATUSES);

/** The feature store as serving sees it, over its client: one call for all views, as serving itself, in the workspace of the caller. */
export function createFeatureStoreSource(store: FeatureCalls): FeatureSource {
  return {
    read: async (read, signal) => {
      const { workspace, requestId, traceparent } = read;
      try {
        const response = await store.getOnlineFeatures(toRequest(read), {
          workspace,
          signal,
          requestId,
          timeoutMs: Math.min(read.timeoutMs, TIMEOUT_MS_MAX),
          headers: traceparent === undefined ? {} : { traceparent },
        });
        return fromResponse(response, read);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw toCallersError(error);
      }
    },
  };
}

function toRequest({ features, entities, asOf }: FeatureRead): GetOnlineFeaturesRequest {
  return {
    features: [...features],
    entities: Object.fromEntries([...entities].map(([name, data]) => [name, toColumn(data)])),
    ...(asOf !== undefined && { as_of: toTimestamp(asOf) }),
  };
}

function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: `${(micros - rest) / 1_000_000n}`, nanos: Number(rest) * 1_000 };
}

function fromResponse(
  response: GetOnlineFeaturesResponse__Output,
  { features, entities }: FeatureRead,
): OnlineFeatures {
  const rows = [...entities.values()][0]?.values.length ?? 0;
  const columns = response.features.map(fromVector);
  const isWhole =
    columns.length === features.length &&
    columns.every(
      ({ name, data, statuses }, at) =>
        name === features[at] && data.values.length === rows && statuses.length === rows,
    ) &&
    response.views.every(({ event_time_micros }) => event_time_micros.length === rows);
  if (!isWhole) throw new Error('the feature store answered something else than it was asked'); // a bug of one of the two
  const views = response.views.map(({ view, event_time_micros }) => ({
    view,
    eventTimes: event_time_micros.map((time) => BigInt(time)),
  }));
  return { features: columns, views };
}

function fromVector({ name, values, statuses }: FeatureVector__Output): FeatureColumn {
  return { name, data: fromColumn(values, name), statuses: statuses.map(fromStatus) };
}

function fromStatus(status: string | number): FeatureStatus {
  const word = String(status).slice(STATUS_PREFIX.length);
  if (!STATUSES.has(word)) throw new Error(`the feature store answered the unknown status ${status}`);
  return word as FeatureStatus;
}

/** Fields of our own request, too: only for these the caller is to blame. */
const OURS = /^(?:entities|as_of)\b/;

/** What the store says about our request is the caller's concern only where it speaks of what he sent. */
function toCallersError(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  const cause = { cause: error };
  switch (error.kind) {
    case 'invalid-argument': {
      const violations = error.violations.filter(({ field }) => OURS.test(field));
      if (violations.length > 0) return new InvalidArgumentError(violations, { reason: error.reason, ...cause });
      return unfit(error.message, cause);
    }
    case 'unavailable':
    case 'exhausted':
      return new UnavailableError(`the feature store does not answer: ${error.message}`, {
        reason: 'FEATURE_STORE_UNAVAILABLE',
        ...cause,
      });
    case 'unauthenticated':
    case 'denied':
      return new FailedPreconditionError(
        'the feature store refuses this server; it needs a token with the role service there',
        {
          reason: 'FEATURE_STORE_REFUSED',
          ...cause,
        },
      );
    default:
      return unfit(error.message, cause);
  }
}

const unfit = (message: string, cause: ErrorOptions): FailedPreconditionError =>
  new FailedPreconditionError(`the feature store cannot give what the model needs: ${message}`, {
    reason: 'FEATURES_UNAVAILABLE',
    ...cause,
  });
