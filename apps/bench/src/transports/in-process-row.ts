import type { BenchRow } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import type { TransportRequest } from './transport-plan.ts';

/** The same client, chain and handler, once without a socket and once over gRPC to another process. */
export const inProcessRow: BenchRow = {
  name: 'in-process',
  title: 'call within the process against gRPC over loopback',
  run: async ({ options, progress, signal }) => {
    const server = startChild('transports/loopback-server-child');
    const caller = startChild('transports/caller-child');
    try {
      const address = await server.ask<string>({});
      await caller.ask({ address, seed: options.seed });
      const seconds = options.smoke ? 0.2 : 1;
      const through = (transport: TransportRequest['transport']) => () =>
        caller.ask<number>({ transport, seconds } satisfies TransportRequest);
      const measured = await interleave({ ours: through('in-process'), limit: through('loopback') }, options.rounds, {
        warmUp: true,
        signal,
        onRound: (round) => progress(`round ${round} of ${options.rounds}`),
      });
      return [
        {
          work: 'in-process call through the whole chain, one after the other: time per call',
          unit: 'us',
          ours: spreadOf(measured.ours),
          limit: { name: 'loopback', value: spreadOf(measured.limit) },
          ratio: ratioOf(measured.ours, measured.limit),
        },
      ];
    } finally {
      await Promise.all([caller.stop(), server.stop()]);
    }
  },
};
