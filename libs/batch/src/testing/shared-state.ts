import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** State of a fake that outlives the process which a kill test ends: one JSON file, replaced as a whole. */
export class SharedState<State> {
  readonly #file: string;
  readonly #empty: State;

  constructor(file: string, empty: State) {
    this.#file = file;
    this.#empty = empty;
  }

  read(): State {
    return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as State) : this.#empty;
  }

  change(change: (state: State) => State): void {
    writeFileSync(`${this.#file}.${process.pid}`, JSON.stringify(change(this.read())));
    renameSync(`${this.#file}.${process.pid}`, this.#file);
  }
}
