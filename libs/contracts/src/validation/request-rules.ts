import { InvalidArgumentError } from '@slipway/kernel';
import protobuf from 'protobufjs';
import { messageType } from '../schema.ts';
import { MAP_KEY_BYTES_MAX, readFieldRules, type FieldRules } from './field-rules.ts';
import { keySegment, ViolationCollector } from './violations.ts';

/** Says what is wrong with one decoded value, or undefined. */
type ValueRule = (value: never) => string | undefined;
type FieldRule = (value: unknown, field: string, into: ViolationCollector) => void;
type MessageRule = (message: Record<string, unknown>, into: ViolationCollector) => void;

const INTEGERS = new Set(
  ['int32', 'sint32', 'sfixed32', 'uint32', 'fixed32'].concat(['int64', 'sint64', 'sfixed64', 'uint64', 'fixed64']),
);
/** 0001-01-01 to 9999-12-31, the range of google.protobuf.Timestamp and of ISO 8601 with four digits. */
const TIMESTAMP_SECONDS_MIN = -62_135_596_800;
const TIMESTAMP_SECONDS_MAX = 253_402_300_799;

/** True when the UTF-8 form is longer; counts only texts that may be. */
function isLongerThan(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && (text.length > bytesMax || Buffer.byteLength(text) > bytesMax);
}

const PLAIN_TEXT = 'UTF-8 text without NUL and replacement characters (U+FFFD)';

/**
 * PostgreSQL keeps no NUL in a text, and no UTF-8 has half a surrogate pair. Bytes that are no UTF-8 reach us as U+FFFD, for protobufjs mends
 * them silently where proto3 wants them refused; a text that had the character before has lost something earlier.
 */
const isPlainText = (text: string): boolean => text.isWellFormed() && !text.includes('\0') && !text.includes('\uFFFD');

function textRule({ bytesMax, form }: FieldRules, mayBeEmpty: boolean): ValueRule {
  const limit = bytesMax ?? Number.POSITIVE_INFINITY;
  return (text: string) => {
    if (text === '' && mayBeEmpty) return undefined;
    if (isLongerThan(text, limit)) return `must be at most ${limit} bytes`;
    if (form) return form.pattern.test(text) ? undefined : form.description;
    return isPlainText(text) ? undefined : `must be ${PLAIN_TEXT}`;
  };
}

function rangeText({ min, max }: FieldRules): string {
  if (min === undefined) return `must be at most ${max}`;
  return max === undefined ? `must be at least ${min}` : `must be within ${min}..${max}`;
}

function integerRule(rules: FieldRules): ValueRule {
  const description = rangeText(rules);
  const min = rules.min ?? -(2n ** 63n);
  const max = rules.max ?? 2n ** 64n - 1n;
  return (value: number | string) => {
    const wide = typeof value === 'number' || value.length < 16 ? Number(value) : BigInt(value);
    return wide < min || wide > max ? description : undefined;
  };
}

const finiteRule: ValueRule = (value: number) => (Number.isFinite(value) ? undefined : 'must be finite');
const enumRule: ValueRule = (value: unknown) =>
  typeof value === 'string' ? undefined : `has no value with the number ${String(value)}`;

/** The rule for one element, or undefined when nothing about it can be wrong: then long lists are not walked. */
function valueRule(field: protobuf.FieldBase, rules: FieldRules, mayBeEmpty: boolean): ValueRule | undefined {
  if (field.resolvedType instanceof protobuf.Enum) return enumRule;
  if (field.type === 'string') return textRule(rules, mayBeEmpty);
  const { bytesMax, min, max } = rules;
  if (field.type === 'bytes' && bytesMax !== undefined) {
    return (value: Uint8Array) => (value.length > bytesMax ? `must be at most ${bytesMax} bytes` : undefined);
  }
  if (INTEGERS.has(field.type) && (min !== undefined || max !== undefined)) return integerRule(rules);
  if (rules.finite && (field.type === 'float' || field.type === 'double')) return finiteRule;
  return undefined;
}

function scalarFieldRule(rule: ValueRule): FieldRule {
  return (value, field, into) => {
    const problem = rule(value as never);
    if (problem !== undefined) into.add(field, problem);
  };
}

function messageFieldRule(type: protobuf.Type): FieldRule {
  let rule: MessageRule | undefined;
  return (value, field, into) => {
    rule ??= messageRule(type); // at first use: types may contain themselves
    if (field !== '') into.enter(field);
    rule(value as Record<string, unknown>, into);
    if (field !== '') into.leave();
  };
}

function elementRule(field: protobuf.FieldBase, rules: FieldRules, mayBeEmpty: boolean): FieldRule | undefined {
  if (field.resolvedType instanceof protobuf.Type) return messageFieldRule(field.resolvedType);
  const rule = valueRule(field, rules, mayBeEmpty);
  return rule && scalarFieldRule(rule);
}

function listRule(field: protobuf.Field, rules: FieldRules): FieldRule {
  const element = elementRule(field, rules, rules.form === undefined);
  const { itemsMax, required } = rules;
  return (value, name, into) => {
    const list = value as readonly unknown[];
    if (list.length === 0) {
      if (required) into.add(name, 'must not be empty');
      return;
    }
    if (list.length > itemsMax) return into.add(name, `must have at most ${itemsMax} elements`);
    if (!element) return;
    into.enter(name);
    for (let index = 0; index < list.length && !into.full; index += 1) {
      into.enter(index);
      element(list[index], '', into);
      into.leave();
    }
    into.leave();
  };
}

/** `__proto__` is kept as an own property by protobufjs, but whoever copies the map key by key would lose it or worse. */
function keyProblem(key: string): string | undefined {
  if (key === '__proto__') return 'is not usable as a key';
  if (isLongerThan(key, MAP_KEY_BYTES_MAX)) return `the key must be at most ${MAP_KEY_BYTES_MAX} bytes`;
  return isPlainText(key) ? undefined : `the key must be ${PLAIN_TEXT}`;
}

function mapRule(field: protobuf.Field, rules: FieldRules): FieldRule {
  const element = elementRule(field, rules, rules.form === undefined);
  const { itemsMax, required } = rules;
  return (value, name, into) => {
    const map = value as Record<string, unknown>;
    const keys = Object.keys(map);
    if (keys.length === 0 && required) into.add(name, 'must not be empty');
    if (keys.length > itemsMax) return into.add(name, `must have at most ${itemsMax} entries`);
    if (keys.length === 0) return;
    into.enter(name);
    for (const key of keys) {
      if (into.full) break;
      into.enter(keySegment(key));
      const problem = keyProblem(key);
      if (problem !== undefined) into.add('', problem);
      else element?.(map[key], '', into);
      into.leave();
    }
    into.leave();
  };
}

/** Integers of 64 bits travel as text, so `0` is their zero; of a text it is a value like any other, e.g. the id of the first experiment. */
function isUnset(value: unknown, zeroName: string | undefined, isText: boolean): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || (value === '0' && !isText)) return true;
  return value === zeroName || (value instanceof Uint8Array && value.length === 0);
}

/** @remarks A field with presence (`optional`, oneof member, message) is judged only when it is set. */
function singleRule(field: protobuf.Field, rules: FieldRules): FieldRule | undefined {
  const hasPresence = field.partOf !== null;
  const inOneof = hasPresence && field.partOf?.isProto3Optional !== true;
  const zeroName = field.resolvedType instanceof protobuf.Enum ? field.resolvedType.valuesById[0] : undefined;
  const element = elementRule(field, rules, !hasPresence || rules.form === undefined);
  const { required } = rules;
  if (!element && !required) return undefined;
  return (value, name, into) => {
    if (value === undefined || value === null) {
      if (required && !inOneof) into.add(name, 'must be set');
    } else if (required && isUnset(value, zeroName, field.type === 'string')) into.add(name, 'must be set');
    else element?.(value, name, into);
  };
}

function fieldRule(field: protobuf.Field): FieldRule | undefined {
  const rules = readFieldRules(field);
  if (field.map) return mapRule(field, rules);
  return field.repeated ? listRule(field, rules) : singleRule(field, rules);
}

const timestampRule: MessageRule = ({ seconds, nanos }, into) => {
  const value = Number(seconds);
  if (value < TIMESTAMP_SECONDS_MIN || value > TIMESTAMP_SECONDS_MAX)
    into.add('seconds', 'must be within the years 1..9999');
  if (Number(nanos) < 0 || Number(nanos) > 999_999_999) into.add('nanos', 'must be within 0..999999999');
};

const messageRules = new Map<protobuf.Type, MessageRule>();

function messageRule(type: protobuf.Type): MessageRule {
  const known = messageRules.get(type);
  if (known) return known;
  const rules: [string, FieldRule][] = [];
  for (const field of type.fieldsArray) {
    const rule = fieldRule(field.resolve());
    if (rule) rules.push([field.name, rule]);
  }
  const ofFields: MessageRule = (message, into) => {
    for (const [name, rule] of rules) rule(message[name], name, into);
  };
  const rule = type.fullName === '.google.protobuf.Timestamp' ? timestampRule : ofFields;
  messageRules.set(type, rule);
  return rule;
}

/**
 * Builds the check of a decoded request (all defaults filled) against the rules of its contract; built once per type.
 * @param type full name in the contracts, or a resolved type.
 * @returns a function that throws `InvalidArgumentError` naming each wrong field (at most 20). Lists of numbers without a rule for
 * their elements are not walked.
 */
export function requestRules(type: string | protobuf.Type): (request: object) => void {
  const rule = messageRule(typeof type === 'string' ? messageType(type) : type);
  return (request) => {
    const into = new ViolationCollector();
    rule(request as Record<string, unknown>, into);
    if (into.violations.length > 0) throw new InvalidArgumentError(into.violations);
  };
}
