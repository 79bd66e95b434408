import protobuf from 'protobufjs';
import { messageType } from '@slipway/contracts';
import { fieldNames, type NamedField } from './field-names.ts';
import { below, Problems, show } from './problems.ts';
import { SCALARS, type Scalar } from './scalars.ts';
import { readTimestamp, TIMESTAMP } from './timestamp.ts';

/** As protobufjs refuses to decode deeper ones. */
const DEPTH_MAX = 100;

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly problems: Problems;
}
const at = (place: Place, key: string): Place => ({ ...place, path: below(place.path, key) });

/**
 * Reads proto3 JSON strictly: what is unknown, of another type, out of range or said twice is refused.
 * @param type full name of the message. @param json as JSON.parse gave it.
 * @returns the message as a client takes it: int64 as decimal text, enums as names, bytes as a Buffer; only the fields that were there.
 * @throws {InvalidArgumentError} naming the path of each wrong field, at most 20.
 */
export function readMessage(type: string, json: unknown): Record<string, unknown> {
  const problems = new Problems();
  const message = readObject(messageType(type), json, { path: '', depth: 0, problems });
  problems.throwIfAny();
  return message ?? {};
}

function readObject(type: protobuf.Type, json: unknown, place: Place): Record<string, unknown> | undefined {
  const { path, depth, problems } = place;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return problems.add(path, `must be an object with the fields of ${type.name}, not ${show(json)}`);
  }
  if (depth >= DEPTH_MAX) return problems.add(path, 'is nested too deeply');
  const names = fieldNames(type);
  const message: Record<string, unknown> = {};
  const seen = new Map<string, string>();
  for (const [key, value] of Object.entries(json)) {
    if (problems.full) break;
    const named = names.get(key);
    const inner = { ...at(place, key), depth: depth + 1 };
    if (!named) problems.add(inner.path, `is not a field of ${type.name}`);
    else if (isFirst(named, key, seen, inner) && value !== null) {
      // null is how JSON says that a field is not set
      const read = readField(named.field, value, inner);
      if (read !== undefined) message[named.field.name] = read;
    }
  }
  return message;
}

function isFirst({ field, oneof }: NamedField, key: string, seen: Map<string, string>, place: Place): boolean {
  const same = seen.get(field.name);
  if (same !== undefined) place.problems.add(place.path, `is the same field as ${same}`);
  const other = oneof === undefined ? undefined : seen.get(`oneof ${oneof}`);
  if (other !== undefined && same === undefined) {
    place.problems.add(place.path, `cannot stand beside ${other}: only one of '${oneof ?? ''}' may be set`);
  }
  seen.set(field.name, key);
  if (oneof !== undefined) seen.set(`oneof ${oneof}`, key);
  return same === undefined && other === undefined;
}

function readField(field: protobuf.Field, json: unknown, place: Place): unknown {
  if (field instanceof protobuf.MapField) return readMap(field, json, place);
  if (!field.repeated) return readValue(field, json, place);
  if (!Array.isArray(json)) return place.problems.add(place.path, `must be a list, not ${show(json)}`);
  const list: unknown[] = [];
  for (let index = 0; index < json.length && !place.problems.full; index += 1) {
    list.push(readValue(field, json[index], { ...place, path: `${place.path}[${index}]` }));
  }
  return list;
}

function readMap(field: protobuf.MapField, json: unknown, place: Place): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return place.problems.add(place.path, `must be an object of keys and values, not ${show(json)}`);
  }
  const map: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (place.problems.full) break;
    const inner = at(place, key);
    const problem = keyProblem(field.keyType, key);
    if (problem !== undefined) place.problems.add(inner.path, problem);
    else map[key] = readValue(field, value, inner);
  }
  return map;
}

function keyProblem(type: string, key: string): string | undefined {
  if (key === '__proto__') return 'is not usable as a key';
  if (type === 'bool') return key === 'true' || key === 'false' ? undefined : 'the key must be true or false';
  const read = SCALARS[type]?.(key) ?? { problem: 'the key cannot be read' };
  return 'problem' in read ? `the key ${read.problem}` : undefined;
}

function readValue(field: protobuf.FieldBase, json: unknown, place: Place): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Type && type.fullName !== TIMESTAMP) return readObject(type, json, place);
  const read = type instanceof protobuf.Enum ? readEnum(type, json) : readScalar(field, json);
  return 'problem' in read ? place.problems.add(place.path, read.problem) : read.value;
}

function readScalar(field: protobuf.FieldBase, json: unknown): Scalar {
  if (field.resolvedType) return readTimestamp(json);
  const read = SCALARS[field.type];
  if (!read) throw new Error(`no JSON form of the proto type ${field.type}`);
  return read(json);
}

function readEnum(type: protobuf.Enum, json: unknown): Scalar {
  if (typeof json === 'string' && Object.hasOwn(type.values, json)) return { value: json };
  if (typeof json === 'number' && Object.hasOwn(type.valuesById, json)) return { value: type.valuesById[json] };
  return { problem: `must be one of ${Object.keys(type.values).join(', ')}, not ${show(json)}` };
}
