import { startChild } from '../measure/bench-child.ts';
import { cpuMicrosOf } from '../measure/process-cpu.ts';
import type { LoadOutcome, LoadPlan, LoadTarget } from './load-plan.ts';

/** What a phase of load did to a server. */
export interface LoadMeasure extends LoadOutcome {
  readonly callsPerSecond: number;
  /** Server CPU, microseconds per call. */
  readonly cpuPerCall: number;
}

/** A process that calls one server. */
export interface LoadGenerator {
  run(plan: LoadPlan): Promise<LoadMeasure>;
  stop(): Promise<void>;
}

/** @param serverPid whose CPU is counted. @throws {Error} when the first call fails. */
export async function startLoad(target: LoadTarget, serverPid: number): Promise<LoadGenerator> {
  const child = startChild('inference/load-child');
  try {
    await child.ask({ target });
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    run: async (plan) => {
      const before = cpuMicrosOf(serverPid);
      const outcome = await child.ask<LoadOutcome>({ plan });
      const cpuPerCall = (cpuMicrosOf(serverPid) - before) / outcome.calls;
      return { ...outcome, cpuPerCall, callsPerSecond: outcome.calls / outcome.seconds };
    },
    stop: () => child.stop(),
  };
}
