import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { BusMessage, SubscribeOptions } from './event-bus.ts';

/** Longest subject in bytes; brokers allow more, names of files and metrics made from subjects do not. */
export const SUBJECT_BYTES_MAX = 512;
/** All headers of one message together, so that a broker's limit on the whole message can be kept. */
export const HEADER_BYTES_MAX = 32 * 1024;
/** Largest bound on messages held by one subscriber. */
export const IN_FLIGHT_MAX = 65_536;

// eslint-disable-next-line no-control-regex -- control characters are what is refused here
const TOKEN = /^[^\s.*>\u0000-\u001f\u007f]+$/u;
const ID = /^[\x21-\x7e]{1,256}$/;
const HEADER_NAME = /^[A-Za-z0-9_-]{1,128}$/;
const RESERVED_HEADER = /^(?:nats-|slipway-key$)/i;
// eslint-disable-next-line no-control-regex -- see above
const HEADER_VALUE = /^(?![\s])[^\u0000-\u001f\u007f]*(?<![\s])$/u;
const DURABLE = /^[A-Za-z0-9_-]{1,64}$/;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Dotted non-empty tokens without blanks, control characters and wildcards, at most `SUBJECT_BYTES_MAX` bytes. */
export function isSubject(subject: string): boolean {
  return bytesOf(subject) <= SUBJECT_BYTES_MAX && subject.split('.').every((token) => TOKEN.test(token));
}

/** A subject in which a token may be `*` and the last one `>`. */
export function isSubjectFilter(filter: string): boolean {
  const tokens = filter.split('.');
  const last = tokens.length - 1;
  const allowed = (token: string, index: number): boolean =>
    token === '*' || (token === '>' && index === last) || TOKEN.test(token);
  return bytesOf(filter) <= SUBJECT_BYTES_MAX && tokens.every(allowed);
}

/** NATS wildcards: `*` stands for one token, a closing `>` for one or more. */
export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  for (const [index, want] of wanted.entries()) {
    if (want === '>') return tokens.length > index;
    if (index >= tokens.length || (want !== '*' && want !== tokens[index])) return false;
  }
  return tokens.length === wanted.length;
}

/** The rules of `BusMessage`, which are the same for every driver. @throws {InvalidArgumentError} with every violation of every message. */
export function assertPublishable(messages: readonly BusMessage[], messageBytesMax: number): void {
  const violations = messages.flatMap((message, index) => violationsOf(message, `messages[${index}]`, messageBytesMax));
  if (violations.length > 0) throw new InvalidArgumentError(violations, { reason: 'EVENT_BUS_MESSAGE_INVALID' });
}

function violationsOf(message: BusMessage, at: string, messageBytesMax: number): FieldViolation[] {
  const found: FieldViolation[] = [];
  if (!isSubject(message.subject)) {
    found.push({
      field: `${at}.subject`,
      description: `use dotted tokens without blanks, '*' and '>', at most ${SUBJECT_BYTES_MAX} bytes`,
    });
  }
  if (!ID.test(message.id)) {
    found.push({ field: `${at}.id`, description: 'use 1 to 256 visible ASCII characters' });
  }
  if (message.key === '' || bytesOf(message.key) > SUBJECT_BYTES_MAX) {
    found.push({ field: `${at}.key`, description: `use 1 to ${SUBJECT_BYTES_MAX} bytes` });
  }
  if (message.data.byteLength > messageBytesMax) {
    found.push({
      field: `${at}.data`,
      description: `${message.data.byteLength} bytes are more than the ${messageBytesMax} this bus stores; publish a reference instead`,
    });
  }
  return [...found, ...headerViolations(message.headers, `${at}.headers`)];
}

function headerViolations(headers: Readonly<Record<string, string>>, at: string): FieldViolation[] {
  const found: FieldViolation[] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    bytes += name.length + bytesOf(value) + 4; // ": " and the line break
    if (!HEADER_NAME.test(name) || RESERVED_HEADER.test(name)) {
      found.push({
        field: `${at}.${name.slice(0, 40)}`,
        description: "use ASCII letters, digits, '-' and '_'; Nats-* and Slipway-Key are reserved",
      });
    } else if (!HEADER_VALUE.test(value)) {
      found.push({
        field: `${at}.${name}`,
        description: 'values have no line breaks or control characters, and no blank at either end',
      });
    }
  }
  if (bytes > HEADER_BYTES_MAX) {
    found.push({ field: at, description: `${bytes} bytes are more than ${HEADER_BYTES_MAX}; move them into data` });
  }
  return found;
}

/** The rules of `SubscribeOptions`, the same for every driver. @throws {InvalidArgumentError} with every violation. */
export function assertSubscribeOptions(options: SubscribeOptions): void {
  const found: FieldViolation[] = [];
  const check = (ok: boolean, field: string, description: string): void => {
    if (!ok) found.push({ field, description });
  };
  const isWhole = (value: number, min: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= min && value <= max;
  check(DURABLE.test(options.durable), 'durable', "use 1 to 64 letters, digits, '-' and '_'");
  check(isSubjectFilter(options.subject), 'subject', "use dotted tokens, '*' for one and a closing '>' for the rest");
  check(isWhole(options.ackWaitMs, 100, 3_600_000), 'ackWaitMs', 'use 100 to 3600000 milliseconds');
  check(isWhole(options.deliveriesMax, 1, 1_000), 'deliveriesMax', 'use 1 to 1000');
  check(isWhole(options.inFlightMax, 1, IN_FLIGHT_MAX), 'inFlightMax', `use 1 to ${IN_FLIGHT_MAX}`);
  check(isWhole(options.keyRunMax ?? 1, 1, IN_FLIGHT_MAX), 'keyRunMax', `use 1 to ${IN_FLIGHT_MAX}`);
  check(isWhole(options.handlerTimeoutMs, 1, 3_600_000), 'handlerTimeoutMs', 'use 1 to 3600000 milliseconds');
  check(
    options.backoffMs.length > 0 && options.backoffMs.every((ms) => isWhole(ms, 0, 3_600_000)),
    'backoffMs',
    'give one or more waiting times of 0 to 3600000 milliseconds',
  );
  if (found.length > 0) throw new InvalidArgumentError(found, { reason: 'EVENT_BUS_SUBSCRIPTION_INVALID' });
}
