/** Lets a bounded number of holders in. */
export class Turnstile {
  private free: number;
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

  leave(): void {
    this.free += 1;
  }
}
