import {
  formatMicros,
  InvalidArgumentError,
  parseMicros,
  type EventDefinition,
  type Micros,
  type RecordedEvent,
} from '@slipway/kernel';
import { messageType } from '../schema.ts';
import { subjectOf } from './subject.ts';

/** Media type of an event in structured mode, as the `content-type` header says it. */
export const CLOUD_EVENT_CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** A fact as a subscriber sees it: CloudEvents 1.0, structured mode, `data` in proto3 JSON with the field names of the contract. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** The key: order holds among events of one workspace and key. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** `proto:` and the full name of the payload message: CloudEvents wants an absolute URI here. */
  readonly dataschema: string;
  readonly workspace: string;
  readonly traceparent?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Payload in proto3 JSON, checked against its message. @throws {Error} on a value its field cannot carry: a bug of the codec. */
export function encodePayload<Payload extends object>(
  definition: EventDefinition<Payload>,
  payload: Payload,
): Record<string, unknown> {
  const type = messageType(definition.schema);
  const message = type.fromObject(payload);
  const problem = type.verify(message);
  if (problem) throw new Error(`${definition.type}: ${problem}`);
  return type.toObject(message, { longs: String, enums: String, bytes: String, json: true, defaults: true });
}

/** Payload as its generated output type. @throws {InvalidArgumentError} when the data does not fit its message. */
export function decodePayload<Payload extends object>(
  definition: EventDefinition<Payload>,
  data: unknown,
): Required<Payload> {
  try {
    const type = messageType(definition.schema);
    const message = type.fromObject(data as Record<string, unknown>);
    return type.toObject(message, { longs: String, enums: String, defaults: true, oneofs: true }) as Required<Payload>;
  } catch (cause) {
    throw InvalidArgumentError.of('data', `not a ${definition.schema}`, { reason: 'EVENT_INVALID', cause });
  }
}

/** Makes the fact that an outbox keeps. `id` must be unique for ever: it is what consumers deduplicate by. */
export function recordEvent<Payload extends object>(
  definition: EventDefinition<Payload>,
  payload: Payload,
  at: { id: string; workspace: string; time: Micros; traceparent?: string },
): RecordedEvent {
  const { subject, type, schema } = definition;
  return { ...at, subject, type, schema, key: definition.key(payload), data: encodePayload(definition, payload) };
}

/** @param service publishing service, e.g. `registry`. */
export function toCloudEvent(event: RecordedEvent, service: string): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/slipway/${service}`,
    type: event.type,
    subject: event.key,
    time: formatMicros(event.time),
    datacontenttype: 'application/json',
    dataschema: `proto:${event.schema}`,
    workspace: event.workspace,
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    data: event.data,
  };
}

/** The message for the bus: subject, order key and bytes. */
export function toBusMessage(
  event: RecordedEvent,
  service: string,
): {
  subject: string;
  id: string;
  key: string;
  data: Uint8Array;
  headers: Record<string, string>;
} {
  return {
    subject: subjectOf(event.subject, event.workspace, event.key),
    id: event.id,
    key: `${event.workspace}/${event.key}`,
    data: Buffer.from(JSON.stringify(toCloudEvent(event, service))),
    headers: {
      'content-type': CLOUD_EVENT_CONTENT_TYPE,
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
  };
}

const REQUIRED = ['id', 'source', 'type'] as const;

/** Reads structured mode, and binary mode (`ce-` headers) when the content type says so. @throws {InvalidArgumentError} naming the attribute. */
export function parseCloudEvent(data: Uint8Array, headers: Readonly<Record<string, string>>): CloudEvent {
  const names = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const binary =
    names.has('ce-specversion') && !(names.get('content-type') ?? '').startsWith('application/cloudevents');
  const body = parseJson(data);
  const attributes: Record<string, unknown> = binary
    ? Object.fromEntries(
        [...names].filter(([name]) => name.startsWith('ce-')).map(([name, value]) => [name.slice(3), value]),
      )
    : body;
  const event = {
    datacontenttype: 'application/json',
    dataschema: '',
    subject: '',
    ...attributes,
    data: binary ? body : body['data'],
  };
  assertAttributes(event);
  return event as unknown as CloudEvent;
}

function parseJson(data: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw InvalidArgumentError.of('data', 'not JSON', { reason: 'EVENT_INVALID', cause });
  }
  throw InvalidArgumentError.of('data', 'not a JSON object', { reason: 'EVENT_INVALID' });
}

function assertAttributes(event: Record<string, unknown>): void {
  const refuse = (field: string, description: string): never => {
    throw InvalidArgumentError.of(field, description, { reason: 'EVENT_INVALID' });
  };
  if (event['specversion'] !== '1.0') refuse('specversion', 'must be 1.0');
  for (const field of REQUIRED)
    if (typeof event[field] !== 'string' || event[field] === '') refuse(field, 'must be a non-empty string');
  if (typeof event['workspace'] !== 'string') refuse('workspace', 'must be a string');
  if (typeof event['data'] !== 'object' || event['data'] === null) refuse('data', 'must be an object');
  try {
    parseMicros(String(event['time']));
  } catch {
    refuse('time', 'must be an ISO 8601 UTC time');
  }
}
