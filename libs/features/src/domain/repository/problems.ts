import { InvalidArgumentError } from '@slipway/kernel';

/** More than these help nobody. */
const PROBLEMS_MAX = 100;

/** Where in its file something lies; from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** All that is wrong with the files of a repository. */
export class Problems {
  readonly #found: { readonly field: string; readonly description: string }[] = [];
  #more = 0;

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** @param at index of the file and where in it; @param path of the field, e.g. `views[0].ttl`, or empty for the file as a whole. */
  add(file: { readonly index: number; readonly path: string }, at: Position, path: string, description: string): void {
    if (this.#found.length >= PROBLEMS_MAX) {
      this.#more += 1;
      return;
    }
    const place = `${file.path}:${at.line}:${at.column}`;
    const text = path === '' ? `${place}: ${description}` : `${place} ${path}: ${description}`;
    this.#found.push({ field: `files[${file.index}].content`, description: text });
  }

  /** @throws {InvalidArgumentError} reason REPOSITORY_INVALID with all of them, when there is one. */
  throwIfAny(): void {
    if (this.isEmpty) return;
    const more = this.#more > 0 ? [{ field: 'files', description: `and ${this.#more} more problems` }] : [];
    throw new InvalidArgumentError([...this.#found, ...more], { reason: 'REPOSITORY_INVALID' });
  }
}

/** `['views', 0, 'ttl']` as `views[0].ttl`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
