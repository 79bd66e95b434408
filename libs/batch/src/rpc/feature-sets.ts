import type {
  GetOperationRequest,
  GetOperationResponse__Output,
  Operation__Output,
} from '@slipway/contracts/slipway.common.v1';
import type {
  CommitScoringSetRequest,
  CommitScoringSetResponse__Output,
  CreateScoringSetRequest,
  CreateScoringSetResponse__Output,
  FeatureColumn__Output,
  GetRepositoryRequest,
  GetRepositoryResponse__Output,
  GetScoringSetRequest,
  GetScoringSetResponse__Output,
  LoadPredictionsRequest,
  LoadPredictionsResponse__Output,
  ScoringSet__Output,
} from '@slipway/contracts/slipway.features.v1';
import { FailedPreconditionError, NotFoundError, UnavailableError, type Clock } from '@slipway/kernel';
import { COLUMN_TYPES, type ColumnSpec, type ColumnType } from '@slipway/plugin-kit';
import type { FeatureSets, Outgoing, ScoringSet } from '../domain/ports.ts';
import { toTimestamp } from './to-proto.ts';

/** The calls of the feature store's client that scoring jobs make. */
export interface FeatureCalls {
  getRepository(request: GetRepositoryRequest, options: Outgoing): Promise<GetRepositoryResponse__Output>;
  createScoringSet(request: CreateScoringSetRequest, options: Outgoing): Promise<CreateScoringSetResponse__Output>;
  getScoringSet(request: GetScoringSetRequest, options: Outgoing): Promise<GetScoringSetResponse__Output>;
  commitScoringSet(request: CommitScoringSetRequest, options: Outgoing): Promise<CommitScoringSetResponse__Output>;
  loadPredictions(request: LoadPredictionsRequest, options: Outgoing): Promise<LoadPredictionsResponse__Output>;
}

/** The operations of the feature store. */
export interface OperationCalls {
  getOperation(request: GetOperationRequest, options: Outgoing): Promise<GetOperationResponse__Output>;
}

export interface FeatureSetsOptions {
  readonly features: FeatureCalls;
  readonly operations: OperationCalls;
  readonly clock: Clock;
  /** For a join or a load; past it the job fails, and can be resumed. */
  readonly waitMsMax: number;
}

const POLL_MS = [20, 50, 100, 250, 500] as const;
const POLL_MS_MAX = 1_000;
const TYPE_PREFIX = 'COLUMN_TYPE_';
const COLUMN_TYPE = {
  string: 'COLUMN_TYPE_STRING',
  integer: 'COLUMN_TYPE_INTEGER',
  number: 'COLUMN_TYPE_NUMBER',
  boolean: 'COLUMN_TYPE_BOOLEAN',
  timestamp: 'COLUMN_TYPE_TIMESTAMP',
} as const satisfies Record<ColumnType, string>;

/** The feature store as scoring jobs see it, over its client. */
export function createFeatureSets({ features, operations, clock, waitMsMax }: FeatureSetsOptions): FeatureSets {
  /** Its operations have an owner and an end of their own; we look until then. */
  const finished = async (operation: Operation__Output | null, call: Outgoing): Promise<Operation__Output> => {
    const giveUpAt = clock.monotonicMs() + waitMsMax;
    for (let last = operation, polls = 0; ; polls += 1) {
      if (!last) throw new Error('the feature store answered without an operation');
      if (last.state === 'OPERATION_STATE_SUCCEEDED') return last;
      if (last.state === 'OPERATION_STATE_FAILED' || last.state === 'OPERATION_STATE_CANCELLED') throw failureOf(last);
      if (clock.monotonicMs() > giveUpAt) throw tookTooLong(last.kind, waitMsMax);
      await clock.sleep(POLL_MS[polls] ?? POLL_MS_MAX, call.signal);
      last = (await operations.getOperation({ id: last.id }, call)).operation;
    }
  };
  return {
    source: async (name, call) => {
      const { sources } = await features.getRepository({}, call).catch(whenNoneApplied);
      const found = sources.find((source) => source.name === name);
      return found && { columns: found.columns.map(fromColumn), eventTimeColumn: found.event_time_column };
    },
    createScoringSet: async ({ consumer, source, features: wanted, from, until, requestId }, call) => {
      const request: CreateScoringSetRequest = {
        consumer,
        source,
        features: [...wanted],
        request_id: requestId,
        ...(from !== undefined && { from: toTimestamp(from) }),
        ...(until !== undefined && { until: toTimestamp(until) }),
      };
      const { operation } = await features.createScoringSet(request, call);
      const { result_json: json } = await finished(operation, call);
      const { id } = JSON.parse(json) as { readonly id: string };
      const { scoring_set: set } = await features.getScoringSet({ id }, call);
      if (!set) throw new Error('the feature store answered without a scoring set');
      return fromScoringSet(set);
    },
    commit: async (id, manifestUri, call) => {
      await features.commitScoringSet({ id, manifest_uri: manifestUri }, call);
    },
    load: async ({ table, manifestUri, files, keys, outputs, timeColumn, fallback, requestId }, call) => {
      const request: LoadPredictionsRequest = {
        table,
        manifest_uri: manifestUri,
        files: files.map(({ uri, bytes, sha256, rows }) => ({ uri, bytes: `${bytes}`, sha256, rows: `${rows}` })),
        keys: keys.map(({ name, type }) => ({ name, type: COLUMN_TYPE[type] })),
        outputs: [...outputs],
        time_column: timeColumn,
        fallback: { ...fallback },
        request_id: requestId,
      };
      const { operation } = await features.loadPredictions(request, call);
      await finished(operation, call);
    },
  };
}

function whenNoneApplied(error: unknown): Pick<GetRepositoryResponse__Output, 'sources'> {
  if (error instanceof NotFoundError) return { sources: [] };
  throw error;
}

/** In the words of the feature store; what was taken off its hands by nobody's fault can be asked for again. */
function failureOf({ kind, state, error }: Operation__Output): Error {
  const reason = error?.reason ?? 'OPERATION_CANCELLED';
  const message = `the feature store could not do ${kind}: ${error?.message ?? state}`;
  if (reason === 'OWNER_STOPPED') return new UnavailableError(message, { reason });
  return new FailedPreconditionError(message, { reason });
}

const tookTooLong = (kind: string, waitMs: number): UnavailableError =>
  new UnavailableError(`the feature store did not finish ${kind} in ${waitMs} ms`, { reason: 'FEATURE_STORE_SLOW' });

function fromColumn({ name, type }: FeatureColumn__Output): ColumnSpec {
  const word = type.slice(TYPE_PREFIX.length).toLowerCase();
  const known = COLUMN_TYPES.find((one) => one === word);
  if (!known) throw new Error(`the feature store answered the unknown type ${type}`);
  return { name, type: known };
}

const fromScoringSet = (set: ScoringSet__Output): ScoringSet => ({
  id: set.id,
  contentSha256: set.content_sha256,
  fromExclusive: BigInt(set.from_exclusive),
  toInclusive: BigInt(set.to_inclusive),
  rows: Number(set.rows),
  columns: set.columns.map(fromColumn),
  files: set.files.map(({ uri, bytes, sha256, rows }) => ({ uri, bytes: Number(bytes), sha256, rows: Number(rows) })),
});
