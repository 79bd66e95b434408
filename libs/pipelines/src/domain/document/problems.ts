import { pipelineInvalid } from '../errors.ts';

/** More than these help nobody. */
const PROBLEMS_MAX = 100;

/** Where something lies; from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** All that is wrong with one file. */
export class Problems {
  readonly #found: string[] = [];
  #more = 0;

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** @param path of the field, e.g. `steps[0].kind`, or empty for the file as a whole. */
  add({ line, column }: Position, path: string, description: string): void {
    if (this.#found.length >= PROBLEMS_MAX) this.#more += 1;
    else this.#found.push(`line ${line}, column ${column}${path === '' ? '' : ` ${path}`}: ${description}`);
  }

  /** @throws {InvalidArgumentError} reason PIPELINE_INVALID with all of them, when there is one. */
  throwIfAny(): void {
    if (this.isEmpty) return;
    const more = this.#more > 0 ? [`and ${this.#more} more problems`] : [];
    throw pipelineInvalid([...this.#found, ...more].map((description) => ({ field: 'content', description })));
  }
}

/** `['steps', 0, 'kind']` as `steps[0].kind`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
