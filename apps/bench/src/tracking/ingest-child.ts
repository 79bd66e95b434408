import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { trackingService, type TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { seededRandom } from '@slipway/kernel';
import { answerParent } from '../measure/bench-child.ts';
import { openBarePoints, type BarePoints, type BenchPoint } from './bare-points.ts';
import type { IngestPlan } from './ingest-plan.ts';

const METRICS = 50;
const MESSAGE_POINTS = 1_000;
const STREAMS = 2;

interface Opened {
  readonly client: Client<TrackingService>;
  readonly bare: BarePoints;
  readonly random: { next(): number };
}
let opened: Opened | undefined;
let rounds = 0n;

/** Of 50 metrics in turn, as a training loop logs them; no two alike. */
const makePoints = (count: number, random: Opened['random']): BenchPoint[] =>
  Array.from({ length: count }, (_, index) => ({
    series: index % METRICS,
    step: Math.floor(index / METRICS),
    timestamp: 986_688_000_000 + index,
    value: random.next(),
  }));

/** Resolves when the last point is acknowledged, so durable. */
async function stream(client: Client<TrackingService>, points: readonly BenchPoint[]): Promise<void> {
  const { run } = await client.createRun({});
  const messages = async function* () {
    for (let from = 0; from < points.length; from += MESSAGE_POINTS) {
      const metrics = points.slice(from, from + MESSAGE_POINTS).map(({ series, step, timestamp, value }) => {
        return { key: `metric-${series}`, step, timestamp, value };
      });
      yield await Promise.resolve({ run_id: run?.run_id ?? '', metrics });
    }
  };
  let durable = 0;
  for await (const { durable_points } of client.logMetrics(messages())) durable = Number(durable_points);
  if (durable !== points.length) throw new Error(`${durable} of ${points.length} points are durable`);
}

/** @returns points per second. */
async function measure(
  { client, bare, random }: Opened,
  { through, points: count }: Extract<IngestPlan, { through: string }>,
): Promise<number> {
  const parts = Array.from({ length: STREAMS }, () => makePoints(count / STREAMS, random));
  const began = performance.now();
  if (through === 'stream') await Promise.all(parts.map((points) => stream(client, points)));
  else for (const points of parts) bare.insert((rounds += 1n) * BigInt(METRICS), points);
  return count / ((performance.now() - began) / 1000);
}

answerParent(async (plan: IngestPlan) => {
  if ('address' in plan) {
    const transport = grpcTransport({ address: plan.address, token: () => '' });
    const client = createClient(trackingService, transport);
    opened = { client, bare: await openBarePoints(plan.file), random: seededRandom(plan.seed) };
    return;
  }
  if (!opened) throw new Error('nothing is open');
  return measure(opened, plan);
});
