/** The driver below MikroORM brings no types; this is what the limit uses of it. */
declare module 'pg' {
  export class Pool {
    constructor(options: { connectionString: string; max: number });
    query(statement: string | { name: string; text: string; values: readonly unknown[] }): Promise<unknown>;
    end(): Promise<void>;
  }
}
