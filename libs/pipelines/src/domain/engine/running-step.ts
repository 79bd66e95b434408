import type { Clock } from '@slipway/kernel';
import { stepBroken } from '../errors.ts';
import type { StepContext, StepKind, StepResult } from '../step-kind.ts';

/** How an attempt ended. */
export type StepOutcome = { readonly result: StepResult } | { readonly error: unknown };

const SAY_EVERY_MS = 1_000;

/** Writes what a step says of itself. */
export type NoteState = (state: 'running' | 'waiting', message: string) => Promise<void>;

/** One attempt at a step in this process. */
export class RunningStep {
  readonly name: string;
  readonly #stop: AbortController;
  readonly #clock: Clock;
  readonly #note: NoteState;
  #said: string | undefined;
  #isWriting = false;
  #isWaiting = false;
  #isOver = false;

  /** @param stop aborted to end it. */
  constructor(
    name: string,
    parts: { readonly clock: Clock; readonly note: NoteState; readonly stop: AbortController },
  ) {
    this.name = name;
    this.#clock = parts.clock;
    this.#note = parts.note;
    this.#stop = parts.stop;
  }

  abort(reason: Error): void {
    this.#isOver = true;
    this.#stop.abort(reason);
  }

  /** Resolves when the attempt is over, at the latest after `deadlineMs` or the abort: one that does not listen is left behind. */
  async run(
    kind: StepKind,
    input: unknown,
    context: Omit<StepContext, 'signal' | 'say' | 'wait'>,
    deadlineMs: number,
  ): Promise<StepOutcome> {
    const { signal } = this.#stop;
    const done = new AbortController();
    const late = this.#clock.sleep(Math.max(0, deadlineMs), done.signal).then(
      () => this.abort(stepBroken('STEP_DEADLINE', 'the step was not done before its deadline')),
      () => undefined, // done before it
    );
    const stopped = new Promise<never>((_, reject) => {
      const end = (): void => reject(signal.reason as Error);
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
    });
    try {
      const work = kind.execute(input, { ...context, signal, say: this.#say, wait: this.#wait });
      work.catch(() => undefined); // when it loses the race its end is nobody's business
      return { result: await Promise.race([work, stopped]) };
    } catch (error) {
      return { error: signal.aborted ? signal.reason : error };
    } finally {
      this.#isOver = true;
      done.abort();
      await late;
    }
  }

  #say = (message: string): void => {
    this.#said = message;
    if (!this.#isWriting && !this.#isOver) void this.#writeSaid();
  };

  #wait = async (message: string): Promise<void> => {
    if (this.#isOver) return;
    this.#isWaiting = true;
    await this.#note('waiting', message);
  };

  async #writeSaid(): Promise<void> {
    this.#isWriting = true;
    while (this.#said !== undefined && !this.#isOver) {
      const message = this.#said;
      this.#said = undefined;
      // a sentence that could not be written is not worth an attempt
      await this.#note(this.#isWaiting ? 'waiting' : 'running', message).catch(() => undefined);
      await this.#clock.sleep(SAY_EVERY_MS, this.#stop.signal).catch(() => undefined);
    }
    this.#isWriting = false;
  }
}
