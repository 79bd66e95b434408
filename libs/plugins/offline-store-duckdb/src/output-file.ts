import { link, open, rm, stat } from 'node:fs/promises';
import { AlreadyExistsError, InvalidArgumentError, type IdSource } from '@slipway/plugin-kit';

/** A file that appears whole or not at all: written under a name of this attempt, flushed, then given its own. */
export class OutputFile {
  readonly path: string;
  /** Where to write. */
  readonly attempt: string;

  private constructor(path: string, attempt: string) {
    this.path = path;
    this.attempt = attempt;
  }

  /** @throws {AlreadyExistsError} when there is a file of that name. */
  static async plan(path: string, ids: IdSource): Promise<OutputFile> {
    const present = await stat(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw InvalidArgumentError.of('file', `'${path}' cannot be written: ${error.code}`, { cause: error });
      },
    );
    if (present) throw exists(path);
    return new OutputFile(path, `${path}.${ids.next()}.part`);
  }

  /** A link instead of a rename, because a rename would silently replace a file that has appeared in the meantime. */
  async publish(): Promise<void> {
    const handle = await open(this.attempt, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await link(this.attempt, this.path);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? exists(this.path) : error;
    }
    await this.discard();
  }

  /** Removes what this attempt has left; the published file stays. */
  async discard(): Promise<void> {
    await rm(this.attempt, { force: true });
  }
}

const exists = (path: string): AlreadyExistsError =>
  new AlreadyExistsError(`there is a file '${path}' already`, { reason: 'OUTPUT_FILE_EXISTS', facts: { file: path } });
