import { CompiledQuery, type ControlledTransaction } from 'kysely';
import { translateDatabaseError } from './database-errors.ts';
import type { SqlRunner, SqlValue } from './sql-runner.ts';

export type Dialect = 'sqlite' | 'postgresql';
export type RawTransaction = ControlledTransaction<Record<string, never>>;

const numbered = (statement: string): string => {
  let index = 0;
  return statement.replaceAll('?', () => `$${(index += 1)}`);
};

/** Plain SQL inside of one transaction. */
export function createSqlRunner(dialect: Dialect, transaction: RawTransaction): SqlRunner {
  const execute = async (statement: string, parameters: readonly SqlValue[]) => {
    const text = dialect === 'postgresql' ? numbered(statement) : statement;
    try {
      return await transaction.executeQuery(CompiledQuery.raw(text, [...parameters]));
    } catch (error) {
      throw translateDatabaseError(error);
    }
  };
  return {
    dialect,
    all: async <Row extends object>(statement: string, parameters: readonly SqlValue[] = []) =>
      (await execute(statement, parameters)).rows as Row[],
    run: async (statement, parameters = []) => Number((await execute(statement, parameters)).numAffectedRows ?? 0n),
  };
}
