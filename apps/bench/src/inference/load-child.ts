import { setTimeout as delay } from 'node:timers/promises';
import { answerParent } from '../measure/bench-child.ts';
import { percentileOf } from '../measure/spread.ts';
import { Http1Caller } from './http1-caller.ts';
import { Http2Caller } from './http2-caller.ts';
import type { LoadOutcome, LoadPlan, LoadRequest } from './load-plan.ts';

let caller: Http1Caller | Http2Caller | undefined;
let frames: readonly Buffer[] = [];
let next = 0;

function callNext(): Promise<number> {
  const frame = frames[next++ % frames.length];
  if (!caller || !frame) throw new Error('the load has no target');
  return caller.call(frame);
}

function outcomeOf(latencies: readonly number[], seconds: number): LoadOutcome {
  const sorted = Float64Array.from(latencies).sort();
  return {
    calls: latencies.length,
    seconds,
    latencyP50: percentileOf(sorted, 0.5),
    latencyP99: percentileOf(sorted, 0.99),
  };
}

async function closedLoop({ seconds, inFlight }: Extract<LoadPlan, { kind: 'closed' }>): Promise<LoadOutcome> {
  const latencies: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1000;
  const worker = async (): Promise<void> => {
    for (let at = performance.now(); at < end; at = performance.now()) {
      await callNext();
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return outcomeOf(latencies, (performance.now() - began) / 1000);
}

async function openLoop({ seconds, callsPerSecond }: Extract<LoadPlan, { kind: 'open' }>): Promise<LoadOutcome> {
  const latencies: number[] = [];
  const calls: Promise<void>[] = [];
  const failures: unknown[] = [];
  const began = performance.now();
  const total = Math.max(1, Math.floor(seconds * callsPerSecond));
  while (calls.length < total && failures.length === 0) {
    const due = began + (calls.length * 1000) / callsPerSecond;
    if (due > performance.now()) {
      await delay(1); // what falls due within this millisecond goes out together and pays for it in its latency
      continue;
    }
    const call = callNext().then(
      () => void latencies.push(performance.now() - due),
      (error: unknown) => {
        failures.push(error);
      },
    );
    calls.push(call);
  }
  await Promise.all(calls);
  if (failures.length > 0) throw failures[0];
  return outcomeOf(latencies, (performance.now() - began) / 1000);
}

answerParent(async (request: LoadRequest) => {
  if ('plan' in request) return request.plan.kind === 'closed' ? closedLoop(request.plan) : openLoop(request.plan);
  const { address, path, token, http } = request.target;
  frames = request.target.frames.map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
  caller?.close();
  caller = http ? new Http1Caller(address, path, token, http.headers) : new Http2Caller(address, path, token);
  return callNext();
});
