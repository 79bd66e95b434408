import { findCommand, startNats } from '@slipway/testing';
import type { BenchRow, Result, RowContext } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import type { BusMeasure, BusPlan, Side } from './bus-plan.ts';

/** Each bus through our port against the client it is built on. */
export const eventsRow: BenchRow = {
  name: 'events',
  title: 'publishing and consuming of 200-byte messages on both buses against the bare clients',
  run: async (context) => {
    const results = [...(await measure(context, 'sqlite', ''))];
    if (findCommand('nats-server') === undefined) {
      context.note('nats-server is not on this machine: its lines are left out');
      return results;
    }
    const server = await startNats();
    try {
      return [...results, ...(await measure(context, 'nats', server.url))];
    } finally {
      await server.stop();
    }
  },
};

async function measure(
  { options, progress, signal }: RowContext,
  driver: 'sqlite' | 'nats',
  url: string,
): Promise<readonly Result[]> {
  await using opened = new Opened();
  const child = startChild('events/bus-child');
  opened.onEnd(() => child.stop());
  await child.ask({ driver, url, directory: opened.directory(), seed: options.seed } satisfies BusPlan);
  const messages = options.smoke ? 1_000 : 20_000;
  const through = (side: Side) => () => child.ask<BusMeasure>({ side, messages } satisfies BusPlan);
  const { ours, bare } = await interleave({ ours: through('ours'), bare: through('bare') }, options.rounds, {
    warmUp: true,
    signal,
    onRound: (round) => progress(`${driver}, round ${round} of ${options.rounds}`),
  });
  const compare = (what: string, pick: (measure: BusMeasure) => number): Result => ({
    work: `bus on ${driver}: ${what}`,
    unit: 'msg/s',
    ours: spreadOf(ours.map(pick)),
    limit: { name: driver === 'sqlite' ? 'better-sqlite3' : 'bare client', value: spreadOf(bare.map(pick)) },
    ratio: ratioOf(ours.map(pick), bare.map(pick)),
  });
  return [
    compare('publish, 200 bytes, 256 at a time', ({ published }) => published),
    compare('consume and acknowledge each', ({ consumed }) => consumed),
  ];
}
