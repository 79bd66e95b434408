import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild, type BenchChild } from '../measure/bench-child.ts';
import { randomRows } from '../measure/random-rows.ts';
import { startLoad } from './load-generator.ts';
import { batchesOf, framed, genericInfer, requestOf } from './requests.ts';

const model = { name: 'small', features: 4, weights: new Float32Array(4), intercept: 0 };
const frames = batchesOf(randomRows(1).floats('rows', 64), 1, 4).map((batch) =>
  framed(genericInfer.requestSerialize(requestOf(model, batch))),
);
let echo: BenchChild;
let address: string;

beforeAll(async () => {
  echo = startChild('inference/echo-child');
  address = await echo.ask<string>({ rows: 1 });
});
afterAll(() => echo.stop());

describe('load on the echo', () => {
  it('counts calls, their CPU in the server and their latency', async () => {
    const load = await startLoad({ address, path: genericInfer.path, token: undefined, frames }, echo.pid);
    try {
      const closed = await load.run({ kind: 'closed', seconds: 0.5, inFlight: 8 });
      expect(closed.calls).toBeGreaterThan(100);
      expect(closed.cpuPerCall).toBeGreaterThan(5);
      expect(closed.cpuPerCall).toBeLessThan((1e6 * 2 * closed.seconds) / closed.calls); // no more than two cores have
      expect(closed.latencyP99).toBeGreaterThanOrEqual(closed.latencyP50);
      const open = await load.run({ kind: 'open', seconds: 0.5, callsPerSecond: 100 });
      expect(open.calls).toBe(50);
    } finally {
      await load.stop();
    }
  });

  it('fails with the status of a call that fails', async () => {
    const path = '/inference.GRPCInferenceService/Other';
    await expect(startLoad({ address, path, token: undefined, frames }, echo.pid)).rejects.toThrow('status 12');
  });
});
