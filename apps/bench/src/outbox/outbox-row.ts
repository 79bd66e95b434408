import { findCommand, startPostgres } from '@slipway/testing';
import type { DatabaseTarget } from '@slipway/persistence';
import { join } from 'node:path';
import type { BenchRow, Result, RowContext } from '../bench-row.ts';
import { startChild, type BenchChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import type { CommitPlan, RelayMeasure } from './commit-plan.ts';

const WRITERS = [1, 16] as const;

/** What a fact costs beside a bare insert, and how fast facts leave. */
export const outboxRow: BenchRow = {
  name: 'outbox',
  title: 'commits of one row with one event against commits of one prepared insert; draining of the relay',
  run: async (context) => {
    await using opened = new Opened();
    const sqlite: DatabaseTarget = { driver: 'sqlite', file: join(opened.directory(), 'bench.db') };
    const results = [...(await measure(context, sqlite, opened))];
    if (findCommand('postgres') === undefined) {
      context.note('PostgreSQL is not on this machine: its lines are left out');
      return results;
    }
    const server = await startPostgres({ durable: true });
    opened.onEnd(() => server.stop());
    const url = await server.createDatabase();
    return [
      ...results,
      ...(await measure(context, { driver: 'postgresql', url, schema: 'public', poolMax: 16 }, opened)),
    ];
  },
};

async function measure(context: RowContext, target: DatabaseTarget, opened: Opened): Promise<readonly Result[]> {
  const child = startChild('outbox/commit-child');
  opened.onEnd(() => child.stop());
  await child.ask({ target, seed: context.options.seed, directory: opened.directory() } satisfies CommitPlan);
  const results: Result[] = [];
  for (const writers of WRITERS) results.push(await commits(context, child, target.driver, writers));
  results.push(...(await draining(context, child, target.driver)));
  await child.stop();
  return results;
}

async function commits(
  { options, progress, signal }: RowContext,
  child: BenchChild,
  driver: string,
  writers: number,
): Promise<Result> {
  const seconds = options.smoke ? 0.2 : 1;
  const through = (through: 'unit of work' | 'bare') => () =>
    child.ask<number>({ through, writers, seconds } satisfies CommitPlan);
  const measured = await interleave({ ours: through('unit of work'), limit: through('bare') }, options.rounds, {
    warmUp: true,
    signal,
    onRound: (round) => progress(`${driver}, ${writers} writers, round ${round} of ${options.rounds}`),
  });
  return {
    work: `${driver}: units of work with a row and an event, ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
    unit: 'commits/s',
    ours: spreadOf(measured.ours),
    limit: { name: 'one insert', value: spreadOf(measured.limit) },
    ratio: ratioOf(measured.ours, measured.limit),
  };
}

/** The relay against its bus alone: what it reads and marks in the database is the difference. */
async function draining(
  { options, progress, signal }: RowContext,
  child: BenchChild,
  driver: string,
): Promise<readonly Result[]> {
  const drain = options.smoke ? 500 : 5_000;
  const { relay } = await interleave(
    { relay: () => child.ask<RelayMeasure>({ drain } satisfies CommitPlan) },
    options.rounds,
    { warmUp: false, signal, onRound: (round) => progress(`${driver}, relay, round ${round} of ${options.rounds}`) },
  );
  const [ours, limit] = [relay.map((each) => each.relayed), relay.map((each) => each.published)];
  return [
    {
      work: `${driver}: relay drains the outbox into the bus on SQLite`,
      unit: 'events/s',
      ours: spreadOf(ours),
      limit: { name: 'publish alone', value: spreadOf(limit) },
      ratio: ratioOf(ours, limit),
    },
  ];
}
