/** What may be bound to a placeholder. 64-bit integers are bound as bigint and read as text (`cast(x as text)`), on both databases. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** Plain SQL that both databases understand, with `?` placeholders (never inside of literals). Failures are typed like those of the unit of work. */
export interface SqlRunner {
  readonly dialect: 'sqlite' | 'postgresql';
  all<Row extends object>(statement: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** @returns the number of rows changed. */
  run(statement: string, parameters?: readonly SqlValue[]): Promise<number>;
}
