/** Reads what the configuration says below one driver, and tells all that is wrong with it at once. Values are texts, or of YAML. */
export class Settings {
  readonly #raw: ReadonlyMap<string, unknown>;
  readonly #asked = new Set<string>();
  readonly #problems: string[] = [];

  constructor(raw: Readonly<Record<string, unknown>>) {
    this.#raw = new Map(Object.entries(raw));
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    this.#problems.push(`${name}: use a text`);
    return undefined;
  }

  requiredText(name: string, what: string): string {
    const value = this.text(name);
    if (value === undefined) this.#problems.push(`${name}: is required: ${what}`);
    return value ?? '';
  }

  whole(name: string, limits: { readonly min: number; readonly max: number; readonly otherwise: number }): number {
    const value = this.#take(name) ?? limits.otherwise;
    const number =
      typeof value === 'number' ? value : typeof value === 'string' ? Number(value.trim() || 'x') : Number.NaN;
    if (Number.isSafeInteger(number) && number >= limits.min && number <= limits.max) return number;
    this.#problems.push(`${name}: use a whole number from ${limits.min} to ${limits.max}`);
    return limits.otherwise;
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.#take(name) ?? otherwise;
    if (value === true || value === 'true') return true;
    if (value !== false && value !== 'false') this.#problems.push(`${name}: use true or false`);
    return false;
  }

  /** Call after the last setting. @throws {Error} with every problem, unknown settings among them. */
  check(): void {
    const unknown = [...this.#raw.keys()].filter((name) => !this.#asked.has(name));
    const problems = [...this.#problems, ...unknown.map((name) => `${name}: is no setting of this driver`)];
    if (problems.length > 0) throw new Error(problems.join('; '));
  }

  #take(name: string): unknown {
    this.#asked.add(name);
    return this.#raw.get(name);
  }
}
