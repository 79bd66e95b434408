import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';

const PROBLEMS_MAX = 20;
const SHOWN_MAX = 60;

/** Collects what is wrong with one JSON document, each with the path of its field. */
export class Problems {
  readonly #violations: FieldViolation[] = [];

  /** Enough was found; more would not help the caller. */
  get full(): boolean {
    return this.#violations.length >= PROBLEMS_MAX;
  }

  add(field: string, description: string): undefined {
    if (!this.full) this.#violations.push({ field: field === '' ? 'request' : field, description });
    return undefined;
  }

  /** @throws {InvalidArgumentError} when there are any. */
  throwIfAny(): void {
    if (this.#violations.length > 0) throw new InvalidArgumentError(this.#violations, { reason: 'JSON_INVALID' });
  }
}

/** The path of a member; a key that would confuse is quoted. */
export function below(path: string, key: string): string {
  const segment = /^[A-Za-z0-9_-]{1,64}$/.test(key) ? `.${key}` : `[${show(key)}]`;
  return path === '' ? segment.replace(/^\./, '') : `${path}${segment}`;
}

/** A value, short enough for an error. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
