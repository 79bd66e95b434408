export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

const LINE = /^SLIPWAY_PROGRESS (\d{1,15}(?:\.\d{1,6})?) (\d{1,15}(?:\.\d{1,6})?) (\S{1,32})$/;

/** Reads `SLIPWAY_PROGRESS 3 10 trees`; any other line, and more done than there is, is none. */
export function readProgress(line: string): Progress | undefined {
  const [, done, total, unit] = LINE.exec(line) ?? [];
  if (done === undefined || total === undefined || unit === undefined || Number(done) > Number(total)) return undefined;
  return { done: Number(done), total: Number(total), unit };
}

/**
 * Turns what a program says of its progress into reports at least once a second: its own when it makes any, the seconds it has run otherwise.
 */
export class ProgressReporter {
  readonly #report: (progress: Progress) => void;
  readonly #timeoutSeconds: number;
  #own: Progress | undefined;

  constructor(report: (progress: Progress) => void, timeoutSeconds: number) {
    this.#report = report;
    this.#timeoutSeconds = timeoutSeconds;
  }

  take(progress: Progress): void {
    this.#own = progress;
    this.#report(progress);
  }

  /** Repeats the program's last report, so that a watcher sees it alive. @param seconds that it has run. */
  tick(seconds: number): void {
    const done = Math.min(Math.floor(seconds), this.#timeoutSeconds);
    this.#report(this.#own ?? { done, total: this.#timeoutSeconds, unit: 'seconds' });
  }

  finish(seconds: number): void {
    const { total, unit } = this.#own ?? { total: Math.max(1, Math.ceil(seconds)), unit: 'seconds' };
    this.#report({ done: total, total, unit });
  }
}
