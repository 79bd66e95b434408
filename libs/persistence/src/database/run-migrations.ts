import { createHash } from 'node:crypto';
import { FailedPreconditionError, type Clock, type Logger } from '@slipway/kernel';
import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlDriver } from '@mikro-orm/sql';
import type { Dialect } from './kysely-runner.ts';
import type { MigrationClass } from './migration.ts';
import type { SqlRunner } from './sql-runner.ts';

/** One migration, ready to be run. */
export interface MigrationScript {
  readonly name: string;
  readonly statements: readonly string[];
  /** sha256 of the statements: an applied migration that was edited later is noticed. */
  readonly digest: string;
}

/** Collects the statements of each class, in order. @throws {Error} on a class without a name or with one used before: a bug of its author. */
export async function readMigrations(
  orm: MikroORM,
  classes: readonly MigrationClass[],
): Promise<readonly MigrationScript[]> {
  const scripts: MigrationScript[] = [];
  for (const Class of classes) {
    const migration = new Class(orm.em.getDriver() as AbstractSqlDriver, orm.config);
    const { name } = migration;
    if (!name) throw new Error(`migration ${Class.name} must declare 'override readonly name'`);
    if (scripts.some((script) => script.name === name)) throw new Error(`two migrations are named '${name}'`);
    await migration.up();
    const statements = migration.getQueries().map((query) => {
      if (typeof query !== 'string') throw new Error(`migration '${name}': use addSql with plain text`);
      return query;
    });
    scripts.push({ name, statements, digest: createHash('sha256').update(statements.join(';\n')).digest('hex') });
  }
  return scripts;
}

export interface MigrationTools {
  readonly dialect: Dialect;
  readonly schema: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Applies what is pending, all of it or nothing, in the transaction of `sql`. Several processes may start at once: one works, the others wait.
 * @throws {FailedPreconditionError} when the database was made by a newer version, or an applied migration was changed.
 */
export async function runMigrations(
  sql: SqlRunner,
  scripts: readonly MigrationScript[],
  { dialect, schema, clock, log }: MigrationTools,
): Promise<void> {
  if (dialect === 'postgresql') {
    await sql.run('select pg_advisory_xact_lock(hashtext(?))', [`slipway.migrations.${schema}`]);
    await sql.run(`create schema if not exists "${schema}"`);
  }
  await sql.run(
    'create table if not exists slipway_migration (name text not null primary key, digest text not null, applied_at bigint not null)',
  );
  const applied = await sql.all<{ name: string; digest: string }>('select name, digest from slipway_migration');
  assertKnown(applied, scripts);
  const done = new Set(applied.map(({ name }) => name));
  for (const script of scripts.filter(({ name }) => !done.has(name))) {
    for (const statement of script.statements) if (statement.trim() !== '') await sql.run(statement);
    const row = [script.name, script.digest, clock.now()];
    await sql.run('insert into slipway_migration (name, digest, applied_at) values (?, ?, ?)', row);
    log.info({ migration: script.name, schema }, 'migration applied');
  }
}

function assertKnown(applied: readonly { name: string; digest: string }[], scripts: readonly MigrationScript[]): void {
  const known = new Map(scripts.map(({ name, digest }) => [name, digest]));
  for (const { name, digest } of applied) {
    if (known.get(name) === digest) continue;
    const problem = known.has(name)
      ? `migration '${name}' was changed after it had been applied; add a new migration instead`
      : `the database has the migration '${name}', which this version does not know; start a newer version`;
    throw new FailedPreconditionError(problem, { reason: 'DATABASE_SCHEMA_UNKNOWN', facts: { migration: name } });
  }
}
