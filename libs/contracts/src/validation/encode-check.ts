import { InvalidArgumentError } from '@slipway/kernel';
import protobuf from 'protobufjs';
import { messageType } from '../schema.ts';
import { keyCheck, SCALAR_CHECKS } from './encode-scalars.ts';
import { describeValue, keySegment, ViolationCollector } from './violations.ts';

type ValueCheck = (value: unknown, field: string, into: ViolationCollector) => void;
type MessageCheck = (message: object, into: ViolationCollector) => void;

/** protobufjs refuses to decode what is nested deeper than this. */
const DEPTH_MAX = 100;

const messageChecks = new Map<protobuf.Type, MessageCheck>();

function scalarValue(type: string): ValueCheck {
  const check = SCALAR_CHECKS[type];
  if (!check) throw new Error(`no encode check for the proto type ${type}`);
  return (value, field, into) => {
    const problem = check(value);
    if (problem !== undefined) into.add(field, `${problem}, not ${describeValue(value)}`);
  };
}

function enumValue(type: protobuf.Enum): ValueCheck {
  return (value, field, into) => {
    if (typeof value === 'string' && Object.hasOwn(type.values, value)) return;
    if (typeof value === 'number' && Object.hasOwn(type.valuesById, value)) return;
    into.add(field, `must be one of the names of ${type.name}, not ${describeValue(value)}`);
  };
}

function messageValue(type: protobuf.Type): ValueCheck {
  let check: MessageCheck | undefined;
  return (value, field, into) => {
    if (!isPlainObject(value)) {
      into.add(field, `must be a plain object with the fields of ${type.name}, not ${describeValue(value)}`);
    } else if (into.depth >= DEPTH_MAX) {
      into.add(field, 'is nested too deeply');
    } else {
      check ??= messageCheck(type); // at first use: types may contain themselves
      if (field !== '') into.enter(field);
      check(value, into);
      if (field !== '') into.leave();
    }
  };
}

/** A class instance may compute fields that a walk over own keys does not see, but protobufjs does. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function valueCheck(field: protobuf.Field): ValueCheck {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return enumValue(type);
  return type instanceof protobuf.Type ? messageValue(type) : scalarValue(field.type);
}

function listCheck(element: ValueCheck): ValueCheck {
  return (value, field, into) => {
    if (!Array.isArray(value)) {
      into.add(field, `must be a plain array (of a typed one, Array.from), not ${describeValue(value)}`);
      return;
    }
    into.enter(field);
    for (let index = 0; index < value.length && !into.full; index += 1) {
      into.enter(index);
      element(value[index], '', into);
      into.leave();
    }
    into.leave();
  };
}

function mapCheck(field: protobuf.MapField, element: ValueCheck): ValueCheck {
  const checkKey = keyCheck(field.keyType);
  return (value, name, into) => {
    if (!isPlainObject(value)) {
      into.add(name, `must be a plain object of keys and values, not ${describeValue(value)}`);
      return;
    }
    into.enter(name);
    for (const [key, entry] of Object.entries(value)) {
      if (into.full) break;
      into.enter(keySegment(key));
      const problem = key === '__proto__' ? 'is not usable as a key' : checkKey(key);
      if (problem !== undefined) into.add('', `the key ${problem}`);
      else element(entry, '', into);
      into.leave();
    }
    into.leave();
  };
}

function fieldCheck(field: protobuf.Field): ValueCheck {
  const element = valueCheck(field);
  if (field instanceof protobuf.MapField) return mapCheck(field, element);
  if (field.repeated) return listCheck(element);
  if (!(field.resolvedType instanceof protobuf.Type)) return element;
  return (value, name, into) => {
    if (value !== null) element(value, name, into); // null is how an unset message reads
  };
}

/** A receiver sees `kind: 'file'` beside the member; a sender may hand that back as long as it is true. */
function oneofNameCheck(oneof: protobuf.OneOf, message: Record<string, unknown>, into: ViolationCollector): void {
  const named = message[oneof.name];
  const set = oneof.fieldsArray.filter(({ name }) => message[name] !== undefined && message[name] !== null);
  if (named !== undefined && (set.length !== 1 || named !== set[0]?.name)) {
    into.add(oneof.name, 'must name the member that is set; it need not be given');
  }
}

function oneofCheck(oneof: protobuf.OneOf): MessageCheck {
  const names = oneof.oneof;
  return (message, into) => {
    let set = 0;
    for (const name of names) {
      const value = (message as Record<string, unknown>)[name];
      if (value !== undefined && value !== null) set += 1;
    }
    if (set > 1) into.add(oneof.name, `only one of ${names.join(', ')} may be set`);
  };
}

function messageCheck(type: protobuf.Type): MessageCheck {
  const known = messageChecks.get(type);
  if (known) return known;
  const fields = new Map(type.fieldsArray.map((field) => [field.name, fieldCheck(field.resolve())]));
  const oneofNames = new Map(type.oneofsArray.map((oneof) => [oneof.name, oneof]));
  const oneofs = type.oneofsArray.filter(({ oneof }) => oneof.length > 1).map(oneofCheck);
  const check: MessageCheck = (message, into) => {
    const values = message as Record<string, unknown>;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (value === undefined) continue;
      const ofField = fields.get(name);
      const oneof = ofField ? undefined : oneofNames.get(name);
      if (ofField) ofField(value, name, into);
      else if (oneof) oneofNameCheck(oneof, values, into);
      else into.add(name, `is not a field of ${type.name}`);
      if (into.full) return;
    }
    for (const oneof of oneofs) oneof(message, into);
  };
  messageChecks.set(type, check);
  return check;
}

/**
 * Builds the check that a message can be encoded without losing or changing anything; built once per type.
 * @param type full name in the contracts, or a resolved type.
 * @returns a function that throws `InvalidArgumentError` naming each wrong field (at most 20).
 */
export function encodeCheck(type: string | protobuf.Type): (message: object) => void {
  const check = messageValue(typeof type === 'string' ? messageType(type) : type);
  return (message) => {
    const into = new ViolationCollector();
    check(message, '', into);
    if (into.violations.length > 0) throw new InvalidArgumentError(into.violations);
  };
}
