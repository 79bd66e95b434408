import { createHash } from 'node:crypto';
import {
  CLOUD_EVENT_CONTENT_TYPE,
  escapeKey,
  eventScored,
  parseCloudEvent,
  recordEvent,
  subjectFilter,
  toBusMessage,
  type CloudEvent,
} from '@slipway/contracts';
import type { EventScored } from '@slipway/contracts/slipway.serving.v1';
import {
  defineEvent,
  formatMicros,
  InvalidArgumentError,
  parseMicros,
  type Clock,
  type EventDefinition,
  type EventSubject,
  type Micros,
} from '@slipway/kernel';
import { makeDeadLetter } from '@slipway/persistence';
import type { BusMessage } from '@slipway/plugin-kit';
import type { ScoredEvent, StreamMessages } from '../../domain/stream/received-event.ts';
import type { StreamDefinition, StreamKey } from '../../domain/stream/stream.ts';

const SERVICE = 'serving';
const ID_BYTES_MAX = 256;
const VISIBLE = /^[\x21-\x7e]+$/;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const subjectsOf = (name: string, verb: 'received' | 'scored'): EventSubject => ({
  version: 1,
  domain: 'stream',
  noun: name,
  verb,
});

const receivedType = (name: string): string => `slipway.stream.${name}.received.v1`;

/** The event of one stream's results: the one of the catalogue with the name of the stream in its subject. */
export const scoredEventOf = (name: string): EventDefinition<EventScored> =>
  defineEvent<EventScored>({ ...eventScored, subject: subjectsOf(name, 'scored') });

/** Where the consumer of a stream stands; another one for each life of the name. */
export const placeOf = ({ workspace, name, id }: StreamDefinition): { durable: string; subject: string } => ({
  durable: `stream-${name.slice(0, 24)}-${sha256(`${workspace}/${name}/${id}`).slice(0, 24)}`,
  subject: subjectFilter(subjectsOf(name, 'received'), workspace),
});

/** Id of a message on the bus, where all workspaces share one set of ids; what is too long, or cannot be an id, becomes a digest. */
function messageId({ workspace, name }: StreamKey, eventId: string, what: 'received' | 'scored'): string {
  const id = `${workspace}/${name}:${eventId}:${what}`;
  return id.length <= ID_BYTES_MAX && VISIBLE.test(id) ? id : `${workspace}/${name}:${sha256(eventId)}:${what}`;
}

export interface NewEvent {
  readonly id: string;
  readonly key: string;
  readonly time: Micros;
  readonly data: object;
}

/** The message of an event that comes by RPC: the same that a caller would put on the bus. */
export function receivedMessage(stream: StreamKey, { id, key, time, data }: NewEvent): BusMessage {
  const { workspace, name } = stream;
  const event = {
    specversion: '1.0',
    id,
    source: `/slipway/${SERVICE}/streams/${name}`,
    type: receivedType(name),
    subject: key,
    time: formatMicros(time),
    datacontenttype: 'application/json',
    workspace,
    data,
  };
  return {
    subject: `slipway.v1.${workspace}.stream.${name}.received.${escapeKey(key)}`,
    id: messageId(stream, id, 'received'),
    key: `${workspace}/${key}`,
    data: Buffer.from(JSON.stringify(event)),
    headers: { 'content-type': CLOUD_EVENT_CONTENT_TYPE },
  };
}

/** Events, results and dead letters of streams as they are on the bus. */
export function createStreamMessages(clock: Clock): StreamMessages {
  const definitions = new Map<string, EventDefinition<EventScored>>();
  const definitionOf = (name: string): EventDefinition<EventScored> => {
    const known = definitions.get(name);
    if (known) return known;
    if (definitions.size >= DEFINITIONS_MAX) definitions.clear();
    const made = scoredEventOf(name);
    definitions.set(name, made);
    return made;
  };
  return {
    read: ({ name }, { data, headers }) => {
      const event = parseCloudEvent(data, headers);
      assertReceived(event, name);
      const { id, time, traceparent } = event;
      return { id, key: event.subject, time: parseMicros(time), data: event.data, traceparent };
    },
    result: (stream, scored) => {
      const { event } = scored;
      const at = {
        id: messageId(stream, event.id, 'scored'),
        workspace: stream.workspace,
        time: event.time,
        ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
      };
      return toBusMessage(recordEvent(definitionOf(stream.name), toPayload(stream, scored), at), SERVICE);
    },
    deadLetter: (stream, delivery, error) =>
      makeDeadLetter({ durable: placeOf(stream).durable, service: SERVICE, clock }, delivery, error),
  };
}

/** More streams than a server scores. */
const DEFINITIONS_MAX = 10_000;

function assertReceived({ type, subject, data }: CloudEvent, name: string): void {
  const refuse = (field: string, description: string): never => {
    throw InvalidArgumentError.of(field, description, { reason: 'EVENT_INVALID' });
  };
  if (type !== receivedType(name)) refuse('type', `must be ${receivedType(name)}`);
  if (subject === '') refuse('subject', 'must be the key of the event');
  if (Array.isArray(data)) refuse('data', 'must be an object');
}

const toPayload = (
  { name }: StreamKey,
  { event, model, alias, version, digest, outputs }: ScoredEvent,
): EventScored => ({
  stream: name,
  event_id: event.id,
  key: event.key,
  time_micros: `${event.time}`,
  model,
  alias,
  version: `${version}`,
  digest,
  outputs: { ...outputs },
});
