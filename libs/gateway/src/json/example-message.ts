import protobuf from 'protobufjs';
import { messageType } from '@slipway/contracts';
import { TIMESTAMP } from './timestamp.ts';

/** Deeper messages are shown as `{}`. */
const DEPTH_MAX = 4;

/** A JSON body of the right form for a person to fill in: one member of each oneof, one element of each list. @param type full name. */
export function exampleMessage(type: string): Record<string, unknown> {
  return exampleOf(messageType(type), 0);
}

function exampleOf(type: protobuf.Type, depth: number): Record<string, unknown> {
  if (depth >= DEPTH_MAX) return {};
  const shown = new Set<string>();
  const json: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const { partOf } = field.resolve();
    if (partOf && !partOf.isProto3Optional) {
      if (shown.has(partOf.name)) continue;
      shown.add(partOf.name);
    }
    const value = exampleValue(field, depth);
    if (field instanceof protobuf.MapField) json[field.name] = { [exampleKey(field.keyType)]: value };
    else json[field.name] = field.repeated ? [value] : value;
  }
  return json;
}

const exampleKey = (type: string): string => ({ string: 'key', bool: 'true' })[type] ?? '0';

function exampleValue(field: protobuf.Field, depth: number): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return type.valuesById[1] ?? type.valuesById[0];
  if (type instanceof protobuf.Type) {
    return type.fullName === TIMESTAMP ? '2001-04-10T06:30:00.123456Z' : exampleOf(type, depth + 1);
  }
  if (/^(?:[su]?int|s?fixed)64$/.test(field.type)) return '0';
  return { string: '', bool: false, bytes: 'AAEC', double: 0.5, float: 0.5 }[field.type] ?? 0;
}
