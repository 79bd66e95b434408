import protobuf from 'protobufjs';
import { messageType } from '@slipway/contracts';
import { TIMESTAMP, writeTimestamp, type TimestampMessage } from './timestamp.ts';

type Message = Readonly<Record<string, unknown>>;
type Writer = (value: unknown) => unknown;

const writers = new WeakMap<protobuf.Type, (message: Message) => Record<string, unknown>>();

/**
 * Proto3 JSON of a decoded message: the names of the contract, int64 as text, enums as names, bytes as base64, times as RFC 3339. Fields
 * without presence are always there, with their defaults: who reads JSON has no contract at hand.
 * @param type full name of the message.
 */
export function writeMessage(type: string, message: object): Record<string, unknown> {
  return writerOf(messageType(type))(message as Message);
}

function writerOf(type: protobuf.Type): (message: Message) => Record<string, unknown> {
  const known = writers.get(type);
  if (known) return known;
  let fields: readonly (readonly [name: string, write: Writer])[] | undefined;
  const writer = (message: Message): Record<string, unknown> => {
    fields ??= type.fieldsArray.map((field) => [field.name, fieldWriter(field.resolve())]); // types may contain themselves
    const json: Record<string, unknown> = {};
    for (const [name, write] of fields) {
      const value = message[name];
      if (value !== undefined && value !== null) json[name] = write(value);
    }
    return json;
  };
  writers.set(type, writer);
  return writer;
}

function fieldWriter(field: protobuf.Field): Writer {
  const write = valueWriter(field);
  if (field instanceof protobuf.MapField) {
    return (map) => Object.fromEntries(Object.entries(map as Message).map(([key, value]) => [key, write(value)]));
  }
  return field.repeated ? (list) => (list as readonly unknown[]).map(write) : write;
}

function valueWriter(field: protobuf.Field): Writer {
  const type = field.resolvedType;
  if (type instanceof protobuf.Type) {
    if (type.fullName === TIMESTAMP) return (value) => writeTimestamp(value as TimestampMessage);
    return (value) => writerOf(type)(value as Message);
  }
  if (field.type === 'bytes') return (value) => Buffer.from(value as Uint8Array).toString('base64');
  if (field.type === 'double') return (value) => writeFloat(value as number);
  if (field.type === 'float') return (value) => writeFloat(shortestFloat32(value as number));
  return (value) => value;
}

/** JSON.stringify knows neither what is not finite nor the sign of zero. */
function writeFloat(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

/** The shortest decimal that is this float: 0.1 and not 0.10000000149011612. Nine digits tell all of them apart. */
function shortestFloat32(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}
