import type { StageLatencies__Output } from '@slipway/contracts/slipway.serving.v1';
import type { KeyedAnswer } from './predict.ts';

/** The stages of a call in the order in which they happen. */
export const STAGES = [
  'queue',
  'feature_fetch',
  'pre_process',
  'batch_wait',
  'inference',
  'post_process',
  'encode',
] as const satisfies readonly (keyof StageLatencies__Output)[];
export type Stage = (typeof STAGES)[number];

export interface SwapOutcome {
  readonly calls: number;
  readonly failed: number;
  /** Answers whose probability is not the one of the version they name. */
  readonly wrong: number;
  /** Answers by version. */
  readonly byVersion: Readonly<Record<string, number>>;
  readonly callsPerSecond: number;
  readonly latencyMsP99: number;
  /** Median microseconds of each stage in the server, of the calls that features were fetched for. */
  readonly stageMicrosP50: Readonly<Record<Stage, number>>;
  /** Median microseconds that the server took for these calls, all stages together. */
  readonly serverMicrosP50: number;
  /** Largest difference between a call's stages together and its total, in microseconds. */
  readonly unaccountedMicrosMax: number;
  /** Text of the first failure, if any. */
  readonly firstFailure: string | undefined;
}

export interface SwapPlan {
  readonly rows: number;
  readonly calls: number;
  /** One call for one row. */
  readonly predict: (row: number) => Promise<KeyedAnswer>;
  /** What each version must answer, by version and row. */
  readonly expected: Readonly<Record<string, Float64Array>>;
  /** Called once, when half of the calls are answered. */
  readonly swap: () => Promise<void>;
  readonly onProgress: (done: number) => void;
}

const CALLS_IN_FLIGHT = 16;
/** A batch of one and a batch of thousands may add in another order. */
const TOLERANCE = 1e-5;

/** One row per call, a few calls in flight, and the alias moves in their middle. */
export async function swapUnderLoad(plan: SwapPlan): Promise<SwapOutcome> {
  const byVersion: Record<string, number> = {};
  const latencies: number[] = [];
  const stages: StageLatencies__Output[] = [];
  let [started, done, failed, wrong] = [0, 0, 0, 0];
  let firstFailure: string | undefined;
  let swapped: Promise<void> | undefined;
  const call = async (index: number): Promise<void> => {
    const row = index % plan.rows;
    const began = performance.now();
    try {
      const answer = await plan.predict(row);
      byVersion[answer.version] = (byVersion[answer.version] ?? 0) + 1;
      stages.push(answer.latencies);
      const expected = plan.expected[answer.version]?.[row];
      if (expected === undefined || !(Math.abs(expected - (answer.probabilities[0] ?? Number.NaN)) <= TOLERANCE))
        wrong += 1;
    } catch (error) {
      failed += 1;
      firstFailure ??= error instanceof Error ? error.message : String(error);
    }
    latencies.push(performance.now() - began);
    plan.onProgress(++done);
    if (done >= plan.calls / 2) swapped ??= plan.swap();
  };
  const worker = async (): Promise<void> => {
    while (started < plan.calls) await call(started++);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, worker));
  const seconds = (performance.now() - began) / 1000;
  await swapped;
  const keyed = stages.filter((one) => one.feature_fetch > 0);
  const sums = stages.map((one) => STAGES.reduce((sum, stage) => sum + one[stage], 0) - one.total);
  return {
    calls: plan.calls,
    failed,
    wrong,
    byVersion,
    callsPerSecond: plan.calls / seconds,
    latencyMsP99: quantile(latencies, 0.99),
    stageMicrosP50: Object.fromEntries(
      STAGES.map((stage) => [
        stage,
        quantile(
          keyed.map((one) => one[stage]),
          0.5,
        ),
      ]),
    ) as Record<Stage, number>,
    serverMicrosP50: quantile(
      keyed.map(({ total }) => total),
      0.5,
    ),
    unaccountedMicrosMax: sums.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
    firstFailure,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}
