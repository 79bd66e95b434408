import { invalid, type MlflowError } from './errors.ts';
import { assertWellFormed } from './wire.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const SHOWN_MAX = 1_000;
const DOCS = ' See the API docs for more information about request parameters.';

/** Parameters of one call or of an object in it, each read as its type; what nobody asks for is ignored. */
export class Parameters {
  readonly #lookup: (name: string) => unknown;
  readonly #all: (name: string) => unknown;
  readonly #path: string;

  private constructor(lookup: (name: string) => unknown, all: (name: string) => unknown, path: string) {
    this.#lookup = lookup;
    this.#all = all;
    this.#path = path;
  }

  static ofJson(fields: Readonly<Record<string, unknown>>, path = ''): Parameters {
    const lookup = (name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);
    return new Parameters(lookup, lookup, path);
  }

  static ofQuery(query: URLSearchParams): Parameters {
    return new Parameters(
      (name) => query.get(name) ?? undefined,
      (name) => query.getAll(name),
      '',
    );
  }

  has(name: string): boolean {
    const value = this.#lookup(name);
    return value !== undefined && value !== null;
  }

  /** Empty when it is absent. @throws {MlflowError} when it is no text. */
  text(name: string): string {
    const value = this.#lookup(name) ?? '';
    if (typeof value === 'string') return assertWellFormed(this.#name(name), value);
    throw this.#wrong(name, value);
  }

  /** @throws {MlflowError} when it is absent or empty, too. */
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === '') throw this.missing(name);
    return value;
  }

  /** A text that some clients write as a number. */
  id(name: string): string {
    const value = this.#lookup(name);
    return typeof value === 'number' && Number.isInteger(value) ? String(value) : this.text(name);
  }

  requiredId(name: string): string {
    const value = this.id(name);
    if (value === '') throw this.missing(name);
    return value;
  }

  /** Decimal text of an int64, undefined when it is absent. */
  integer(name: string): string | undefined {
    const value = this.#lookup(name) ?? '';
    if (value === '') return undefined;
    if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'string') {
      const text = String(value).replace(/\.0+$/, '');
      if (/^-?\d{1,19}$/.test(text)) {
        const exact = BigInt(text);
        if (exact >= INT64_MIN && exact <= INT64_MAX) return exact.toString();
      }
    }
    throw this.#wrong(name, value);
  }

  requiredInteger(name: string): string {
    const value = this.integer(name);
    if (value === undefined) throw this.missing(name);
    return value;
  }

  /** A count within bounds, `fallback` when it is absent or 0. */
  count(name: string, fallback: number, max: number): number {
    const value = Number(this.integer(name) ?? 0);
    if (value === 0) return fallback;
    if (value > 0 && value <= max) return value;
    const bound = value < 0 ? 'at least 1' : `at most ${max}`;
    throw invalid(
      `Invalid value ${value} for parameter '${this.#name(name)}' supplied: It must be ${bound}, but got value ${value}`,
    );
  }

  /** @throws {MlflowError} on what is neither a number nor its text, `NaN` and infinities among them. */
  requiredDouble(name: string): number {
    const value = this.#lookup(name) ?? '';
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (value === '') throw this.missing(name);
    if (typeof value === 'string') {
      if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) return Number(value);
      if (/^nan$/i.test(value)) return Number.NaN;
      const infinite = /^([+-]?)inf(?:inity)?$/i.exec(value);
      if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    }
    throw this.#wrong(name, value);
  }

  /** False when it is absent. */
  flag(name: string, fallback = false): boolean {
    const value = this.#lookup(name) ?? fallback;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    throw this.#wrong(name, value);
  }

  texts(name: string): string[] {
    return this.#list(name).map((value, index) => {
      if (typeof value === 'string') return assertWellFormed(this.#name(name), value);
      if (typeof value === 'number' && Number.isInteger(value)) return String(value); // ids of experiments
      throw this.#wrong(`${name}[${index}]`, value);
    });
  }

  objects(name: string): Parameters[] {
    return this.#list(name).map((value, index) => this.#object(`${name}[${index}]`, value));
  }

  /** Undefined when it is absent. */
  object(name: string): Parameters | undefined {
    return this.has(name) ? this.#object(name, this.#lookup(name)) : undefined;
  }

  /** A list of `{key, value}`; of a repeated key the last one counts. */
  pairs(name: string): Record<string, string> {
    return Object.fromEntries(this.objects(name).map((pair) => [pair.requiredText('key'), pair.text('value')]));
  }

  missing(name: string): MlflowError {
    return invalid(`Missing value for required parameter '${this.#name(name)}'.${DOCS}`);
  }

  #list(name: string): readonly unknown[] {
    const value = this.#all(name) ?? [];
    if (Array.isArray(value)) return value as readonly unknown[];
    throw this.#wrong(name, value);
  }

  #object(name: string, value: unknown): Parameters {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong(name, value);
    return Parameters.ofJson(value as Record<string, unknown>, this.#name(name));
  }

  #name(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #wrong(name: string, value: unknown): MlflowError {
    const hint = `Hint: Value was of type '${pythonType(value)}'.`;
    return invalid(`Invalid value ${shown(value)} for parameter '${this.#name(name)}' supplied:  ${hint}${DOCS}`);
  }
}

/** Clients of MLflow are Python's. */
function pythonType(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return { string: 'str', boolean: 'bool' }[typeof value as string] ?? 'dict';
}

function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? 'null';
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
