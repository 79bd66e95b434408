import type { Stream, StreamEvent__Output, StreamService } from '@slipway/contracts/slipway.serving.v1';
import { streamService } from '@slipway/contracts/slipway.serving.v1';
import { FailedPreconditionError, InvalidArgumentError, NotFoundError, type IdSource } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import { implementService, type CallContext, type Handlers, type ServiceImplementation } from '@slipway/platform';
import { isInScope, type ServingScope } from '../../domain/serving-scope.ts';
import type { StreamProgress } from '../../domain/stream/running-stream.ts';
import type {
  LeasedStream,
  StreamCall,
  StreamDefinition,
  StreamDraft,
  StreamStore,
} from '../../domain/stream/stream.ts';
import type { Streams } from '../../domain/stream/streams.ts';
import { readModelName } from '../model-name.ts';
import { placeOf, receivedMessage, type NewEvent } from './stream-messages.ts';

export interface StreamServiceDependencies {
  readonly streams: Pick<Streams, 'refresh' | 'progressOf' | 'assertSafe'>;
  readonly store: StreamStore;
  readonly bus: EventBus;
  readonly scope: ServingScope;
  readonly defaultAlias: string;
  /** Name of this server, which a new stream belongs to. */
  readonly serverName: string;
  readonly leaseMs: number;
  readonly ids: IdSource;
}

const PAGE_SIZE_DEFAULT = 100;

export function createStreamService(dependencies: StreamServiceDependencies): ServiceImplementation {
  return implementService(streamService, streamHandlers(dependencies));
}

function streamHandlers(dependencies: StreamServiceDependencies): Handlers<StreamService> {
  const { streams, store, bus, serverName, leaseMs } = dependencies;
  const toMessage = (leased: LeasedStream): Stream =>
    toStreamMessage(leased, streams.progressOf(leased.definition), serverName);
  return {
    createStream: async (request, context) => {
      streams.assertSafe();
      const draft = readDraft(dependencies, request, context.caller.workspace);
      const lease = { owner: serverName, leaseMs };
      const definition = await store.create(callOf(context), draft, request.request_id, lease);
      // Now, not at the next look: the stream has its place on the bus when the caller may publish its first event.
      await streams.refresh();
      return { stream: toMessage({ definition, owner: serverName }) };
    },
    getStream: async ({ name }, { caller }) => ({
      stream: toMessage(await findStream(store, caller.workspace, name)),
    }),
    listStreams: async ({ page_size, page_token }, { caller }) => {
      const page = { pageSize: page_size === 0 ? PAGE_SIZE_DEFAULT : page_size, pageToken: page_token };
      const { items, nextPageToken } = await store.list(caller.workspace, page);
      return { streams: items.map(toMessage), next_page_token: nextPageToken ?? '' };
    },
    deleteStream: async ({ name, request_id }, context) => {
      await store.delete(callOf(context), name, request_id);
      await streams.refresh();
      return {};
    },
    publishEvents: async (request, { caller, signal }) => {
      const { definition } = await findStream(store, caller.workspace, request.stream);
      const messages = request.events.map((event, at) => receivedMessage(definition, readEvent(event, at)));
      const receipts = await bus.publish(messages, signal);
      const duplicates = receipts.filter(({ duplicate }) => duplicate).length;
      return { published: `${receipts.length - duplicates}`, duplicates: `${duplicates}` };
    },
  };
}

const callOf = ({ caller, requestId, traceparent }: CallContext): StreamCall => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

async function findStream(store: StreamStore, workspace: string, name: string): Promise<LeasedStream> {
  const found = await store.get({ workspace, name });
  if (found) return found;
  throw new NotFoundError(`there is no stream '${name}'`, { reason: 'STREAM_NOT_FOUND', facts: { stream: name } });
}

interface CreateRequest {
  readonly name: string;
  readonly model: string;
  readonly table: string;
  readonly table_keys: readonly string[];
  readonly from_beginning: boolean;
}

function readDraft(
  { defaultAlias, scope, ids }: StreamServiceDependencies,
  { name, model: modelName, table, table_keys: tableKeys, from_beginning: fromBeginning }: CreateRequest,
  workspace: string,
): StreamDraft {
  const slot = readModelName(modelName, workspace, defaultAlias);
  if (!isInScope(scope, slot)) {
    throw new FailedPreconditionError(
      `this server does not load '${slot.model}@${slot.alias}'; add the alias to serving.aliases, or name another`,
      { reason: 'STREAM_ALIAS_NOT_SERVED', facts: { model: slot.model, alias: slot.alias } },
    );
  }
  if ((table === '') !== (tableKeys.length === 0)) {
    throw InvalidArgumentError.of('table_keys', 'a table has one or more keys, and keys belong to a table');
  }
  if (new Set(tableKeys).size < tableKeys.length || tableKeys.includes('')) {
    throw InvalidArgumentError.of('table_keys', 'name each member of the data once');
  }
  return { id: ids.next(), name, model: slot.model, alias: slot.alias, table, tableKeys, fromBeginning };
}

function readEvent({ id, key, time_micros, data_json }: StreamEvent__Output, at: number): NewEvent {
  let data: unknown;
  try {
    data = JSON.parse(data_json);
  } catch {
    throw InvalidArgumentError.of(`events[${at}].data_json`, 'is not JSON');
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw InvalidArgumentError.of(`events[${at}].data_json`, 'is not a JSON object');
  }
  return { id, key, time: BigInt(time_micros), data };
}

function toStreamMessage(
  { definition, owner }: LeasedStream,
  progress: StreamProgress | undefined,
  serverName: string,
): Stream {
  const { name, model, alias, table, tableKeys, created, principal } = definition;
  return {
    name,
    model: `${model}@${alias}`,
    subject: placeOf(definition).subject,
    table,
    table_keys: [...tableKeys],
    status: toStatus(progress, owner, serverName),
    create_time: toTimestamp(created),
    principal,
  };
}

function toStatus(
  progress: StreamProgress | undefined,
  owner: string,
  serverName: string,
): NonNullable<Stream['status']> {
  const isElsewhere = owner !== '' && owner !== serverName;
  if (!progress) return { state: isElsewhere ? 'elsewhere' : 'stopped', pending: '-1', server: owner };
  return {
    state: progress.state,
    scored: `${progress.scored}`,
    redelivered: `${progress.redelivered}`,
    dead_lettered: `${progress.deadLettered}`,
    pending: `${progress.pending ?? -1}`,
    version: `${progress.version}`,
    latency_p50_micros: progress.latencyP50Micros,
    latency_p99_micros: progress.latencyP99Micros,
    server: serverName,
  };
}

const toTimestamp = (micros: StreamDefinition['created']): { seconds: string; nanos: number } => ({
  seconds: `${micros / 1_000_000n}`,
  nanos: Number(micros % 1_000_000n) * 1_000,
});
