import { LineReader } from './log-lines.ts';
import { readProgress, type Progress } from './progress.ts';

/** Lines that an error message shows. */
const TAIL_LINES = 10;
const TAIL_LINE_LENGTH = 500;

export interface ProgramLogOptions {
  /** Never shown. */
  readonly secret?: string | undefined;
  /** Bytes of lines that are passed on; after them one line says so, and no more follow. */
  readonly bytesMax: number;
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
  readonly onProgress: (progress: Progress) => void;
}

/** What a program writes: lines to pass on, reports of its progress, and the last lines for an error. */
export class ProgramLog {
  readonly stdout: LineReader;
  readonly stderr: LineReader;
  readonly #options: ProgramLogOptions;
  readonly #tail: string[] = [];
  #bytes = 0;
  #full = false;

  constructor(options: ProgramLogOptions) {
    this.#options = options;
    // A secret without a character would be found everywhere; one of a few is no secret but would still be hidden.
    const secret = options.secret === '' ? undefined : options.secret;
    this.stdout = new LineReader(secret, (line) => this.#take(line, 'stdout'));
    this.stderr = new LineReader(secret, (line) => this.#take(line, 'stderr'));
  }

  /** The last lines, oldest first, also those that were too many to pass on. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  end(): void {
    this.stdout.end();
    this.stderr.end();
  }

  #take(line: string, stream: 'stdout' | 'stderr'): void {
    const progress = stream === 'stdout' ? readProgress(line) : undefined;
    if (progress) return this.#options.onProgress(progress);
    this.#tail.push(line.slice(0, TAIL_LINE_LENGTH));
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    if (this.#full) return;
    this.#bytes += Buffer.byteLength(line) + 1;
    if (this.#bytes <= this.#options.bytesMax) return this.#options.onLine(line, stream);
    this.#full = true;
    this.#options.onLine(`[the log is cut here: it has more than ${this.#options.bytesMax} bytes]`, 'stderr');
  }
}
