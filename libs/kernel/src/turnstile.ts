/** Lets a bounded number of holders in. */
export class Turnstile {
  private free: number;
  private readonly waiting: (() => void)[] = [];
  readonly places: number;

  constructor(places: number) {
    this.places = places;
    this.free = places;
  }

  /** @returns whether there was a place; then `leave` has to follow. */
  tryEnter(): boolean {
    if (this.free === 0) return false;
    this.free -= 1;
    return true;
  }

  /** Resolves with a place, in the order of asking. Who asks must be bounded in number. @throws the signal's reason when it aborts before that. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryEnter()) return;
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.splice(this.waiting.indexOf(admit), 1);
        reject(signal.reason as Error);
      };
      this.waiting.push(admit);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next)
      next(); // the place changes hands
    else this.free += 1;
  }
}
