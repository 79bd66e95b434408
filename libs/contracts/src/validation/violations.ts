import type { FieldViolation } from '@slipway/kernel';

/** Enough to repair a request in one go, few enough that an answer stays small whatever was sent. */
export const VIOLATIONS_MAX = 20;

/** Gathers what is wrong with one message and where; the path is only written out when something is. */
export class ViolationCollector {
  readonly violations: FieldViolation[] = [];
  readonly #path: (string | number)[] = [];

  /** Nothing more is kept; loops over elements stop here. */
  get full(): boolean {
    return this.violations.length >= VIOLATIONS_MAX;
  }

  /** How many messages, lists and maps deep the walk is. */
  get depth(): number {
    return this.#path.length;
  }

  enter(segment: string | number): void {
    this.#path.push(segment);
  }

  leave(): void {
    this.#path.pop();
  }

  /** @param field of the message at the current path; '' blames what the path itself names. */
  add(field: string, description: string): void {
    if (this.full) return;
    this.violations.push({ field: writePath(this.#path, field), description });
  }
}

function writePath(segments: readonly (string | number)[], field: string): string {
  let path = '';
  for (const segment of field === '' ? segments : [...segments, field]) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (segment.startsWith('[')) path += segment;
    else path += path === '' ? segment : `.${segment}`;
  }
  return path;
}

/** The segment of a map entry, e.g. `["threshold"]`; a long key is cut, it is shown and not used. */
export function keySegment(key: string): string {
  return `[${JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)}]`;
}

/** What a wrong value looks like in a message for people: its type, never the value of a string. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'object') return `a ${Object.getPrototypeOf(value)?.constructor?.name ?? 'object'}`;
  return `a ${typeof value}`;
}
