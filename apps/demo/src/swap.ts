import type { TrainingTable } from '@slipway/plugin-kit';
import { infer, inferRequest, type InferenceClient } from './inference.ts';

export interface SwapOutcome {
  readonly calls: number;
  readonly failed: number;
  /** Answers whose probability is not the one of the version they name. */
  readonly wrong: number;
  /** Answers by version. */
  readonly byVersion: Readonly<Record<string, number>>;
  readonly callsPerSecond: number;
  readonly latencyMsP99: number;
  /** Text of the first failure, if any. */
  readonly firstFailure: string | undefined;
}

export interface SwapPlan {
  readonly model: string;
  readonly table: TrainingTable;
  /** Columns that every version takes. */
  readonly features: readonly string[];
  readonly calls: number;
  /** What each version must answer, by version and row. */
  readonly expected: Readonly<Record<string, Float32Array>>;
  /** Called once, when half of the calls are answered. */
  readonly swap: () => Promise<void>;
  readonly onProgress: (done: number) => void;
}

const CALLS_IN_FLIGHT = 16;
/** A batch of one and a batch of thousands may add in another order. */
const TOLERANCE = 1e-5;

/** One row per call, a few calls in flight, and the alias moves in their middle. */
export async function swapUnderLoad(client: InferenceClient, plan: SwapPlan): Promise<SwapOutcome> {
  const byVersion: Record<string, number> = {};
  const latencies: number[] = [];
  let [started, done, failed, wrong] = [0, 0, 0, 0];
  let firstFailure: string | undefined;
  let swapped: Promise<void> | undefined;
  const call = async (index: number): Promise<void> => {
    const row = index % plan.table.rows;
    const began = performance.now();
    try {
      const answer = await infer(client, inferRequest(plan.model, plan.table, plan.features, row, row + 1));
      byVersion[answer.version] = (byVersion[answer.version] ?? 0) + 1;
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
  latencies.sort((left, right) => left - right);
  const latencyMsP99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  return {
    calls: plan.calls,
    failed,
    wrong,
    byVersion,
    callsPerSecond: plan.calls / seconds,
    latencyMsP99,
    firstFailure,
  };
}
