import type { BenchRow } from '../bench-row.ts';
import { startChild } from '../measure/bench-child.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import type { DecidePlan } from './decide-plan.ts';

/** From the hash of a unit to its arm, deployment and shadows, without a call. */
export const decisionRow: BenchRow = {
  name: 'decision',
  title: 'routing decisions in process from the hash of a unit, against the bare hash',
  run: async ({ options, progress, signal }) => {
    const child = startChild('routing/decide-child');
    try {
      const seconds = options.smoke ? 0.2 : 1;
      const side = (name: DecidePlan['side']) => () =>
        child.ask<number>({ side: name, seconds, seed: options.seed } satisfies DecidePlan);
      const { decision, hash } = await interleave({ decision: side('decision'), hash: side('hash') }, options.rounds, {
        warmUp: true,
        signal,
        onRound: (round) => progress(`round ${round} of ${options.rounds}`),
      });
      const ours = spreadOf(decision);
      return [
        {
          work: 'routing decision of a canary in process, one unit at a time',
          unit: '1/s',
          ours,
          budget: { atLeast: 1_000_000 },
        },
        {
          work: 'routing decision of a canary in process, against its hash alone',
          unit: '1/s',
          ours,
          limit: { name: 'Murmur3 of its bytes', value: spreadOf(hash) },
          ratio: ratioOf(decision, hash),
        },
      ];
    } finally {
      await child.stop();
    }
  },
};
