import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { trackingService, type TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { startSlipway } from '@slipway/testing';
import type { BenchRow, RowContext } from '../bench-row.ts';
import { Opened } from '../measure/opened.ts';
import { percentileOf, spreadOf } from '../measure/spread.ts';
import { logRuns, METRICS, PARAMS, type LoggedRun } from './search-runs.ts';
import { expectedOf, searchesOf, type Search } from './searches.ts';

const PAGE_SIZE = 100;

/** Pages of runs with all that was logged to them, one call after the other, as a person's screen asks for them. */
export const searchRow: BenchRow = {
  name: 'search',
  title: 'run search over runs with 50 metrics and 20 params each, on SQLite, by gRPC',
  run: async (context) => {
    const { options, progress, note, random, signal } = context;
    await using opened = new Opened();
    const settings = { 'event-bus.driver': 'sqlite', 'artifact-store.driver': 'local' };
    const service = await startSlipway({ app: 'tracking', settings });
    opened.onEnd(() => service.stop());
    const transport = grpcTransport({ address: service.grpcAddress, token: () => '' });
    opened.onEnd(() => transport.close());
    const count = options.smoke ? 500 : 10_000;
    progress(`logging ${count} runs`);
    const began = performance.now();
    const { experiment, runs } = await logRuns(transport, count, random, signal);
    const seconds = (performance.now() - began) / 1000;
    note(
      `${count} runs with ${METRICS} metrics, ${PARAMS} params and a tag were logged in ${seconds.toFixed(1)} s (CreateRun and LogBatch, 32 callers)`,
    );
    const client = createClient(trackingService, transport);
    const latencies = await measure({ client, experiment, runs }, context);
    const all = latencies.map((round) => Float64Array.from([...round.values()].flat()).sort());
    const shared = { work: `run search, ${count} runs on SQLite, pages of ${PAGE_SIZE}`, unit: 'ms' };
    const kinds = [...(latencies[0]?.keys() ?? [])].map((kind) => {
      const calls = Float64Array.from(latencies.flatMap((round) => round.get(kind) ?? [])).sort();
      return `${kind} ${percentileOf(calls, 0.5).toFixed(1)} / ${percentileOf(calls, 0.95).toFixed(1)}`;
    });
    note(`p50 / p95 of a call in ms by kind of search: ${kinds.join('; ')}`);
    return [
      {
        ...shared,
        work: `${shared.work}: p95 of the mix`,
        ours: spreadOf(all.map((sorted) => percentileOf(sorted, 0.95))),
        budget: { atMost: 50 },
        cause: `p50 / p95 of a call in ms by kind of search: ${kinds.join('; ')}`,
      },
      {
        ...shared,
        work: `${shared.work}: p50 of the mix`,
        ours: spreadOf(all.map((sorted) => percentileOf(sorted, 0.5))),
      },
    ];
  },
};

interface Searched {
  readonly client: Client<TrackingService>;
  readonly experiment: string;
  readonly runs: readonly LoggedRun[];
}

/** Milliseconds of each call by kind of search, for each round. @throws {Error} when a search finds other runs than it should. */
async function measure(
  searched: Searched,
  { options, progress, signal }: RowContext,
): Promise<readonly ReadonlyMap<string, readonly number[]>[]> {
  const cycles = options.smoke ? 4 : 20;
  const rounds: Map<string, number[]>[] = [];
  for (let round = 0; round <= options.rounds; round += 1) {
    if (round > 0) progress(`round ${round} of ${options.rounds}`);
    const latencies = new Map<string, number[]>();
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      for (const search of searchesOf(round * cycles + cycle)) {
        signal.throwIfAborted();
        const { ids, calls } = await ask(searched, search);
        latencies.set(search.kind, [...(latencies.get(search.kind) ?? []), ...calls]);
        const expected = round === 0 ? expectedOf(search, searched.runs, PAGE_SIZE) : ids;
        if (ids.join() !== expected.join())
          throw new Error(
            `search '${search.kind}' (${search.filter}) found ${ids.length} runs, not the ${expected.length}`,
          );
      }
    }
    if (round > 0) rounds.push(latencies); // the first one warmed up and compared the answers
  }
  return rounds;
}

async function ask(
  { client, experiment }: Searched,
  { filter, orderBy, pages }: Search,
): Promise<{ readonly ids: readonly string[]; readonly calls: readonly number[] }> {
  const ids: string[] = [];
  const calls: number[] = [];
  let token = '';
  for (let page = 0; page < pages && (page === 0 || token !== ''); page += 1) {
    const began = performance.now();
    const { runs, next_page_token } = await client.searchRuns({
      experiment_ids: [experiment],
      filter,
      order_by: [...orderBy],
      page_size: PAGE_SIZE,
      page_token: token,
    });
    calls.push(performance.now() - began);
    for (const { run_id, metrics, params } of runs) {
      if (metrics.length !== METRICS || Object.keys(params).length !== PARAMS)
        throw new Error(`run ${run_id} lacks something`);
      ids.push(run_id);
    }
    token = next_page_token;
  }
  return { ids, calls };
}
