import { join } from 'node:path';
import { startSlipway } from '@slipway/testing';
import type { BenchRow } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import type { IngestPlan } from './ingest-plan.ts';

/** How fast points become durable through the stream of the service, beside the same rows in the same table without it. */
export const ingestRow: BenchRow = {
  name: 'ingest',
  title: 'metric points through a stream of the tracking service against prepared inserts of the same rows',
  run: async ({ options, progress, signal }) => {
    await using opened = new Opened();
    const settings = { 'event-bus.driver': 'sqlite', 'artifact-store.driver': 'local' };
    const service = await startSlipway({ app: 'tracking', settings });
    opened.onEnd(() => service.stop());
    const child = startChild('tracking/ingest-child');
    opened.onEnd(() => child.stop());
    const file = join(opened.directory(), 'bare.db');
    await child.ask({ address: service.grpcAddress, file, seed: options.seed } satisfies IngestPlan);
    const points = options.smoke ? 20_000 : 200_000;
    const through = (through: 'stream' | 'inserts') => () =>
      child.ask<number>({ through, points } satisfies IngestPlan);
    const measured = await interleave({ ours: through('stream'), limit: through('inserts') }, options.rounds, {
      warmUp: true,
      signal,
      onRound: (round) => progress(`round ${round} of ${options.rounds}`),
    });
    const shared = { work: 'SQLite: metric points acknowledged as durable, 2 gRPC streams', unit: 'points/s' };
    const ours = spreadOf(measured.ours);
    return [
      {
        ...shared,
        ours,
        limit: { name: 'inserts of 1 000 rows', value: spreadOf(measured.limit) },
        ratio: ratioOf(measured.ours, measured.limit),
        budget: { atLeast: 0.4 },
      },
      { ...shared, work: `${shared.work}, in themselves`, ours, budget: { atLeast: 100_000 } },
    ];
  },
};
