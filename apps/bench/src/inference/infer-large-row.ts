import type { BenchRow, Result } from '../bench-row.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { compareInference, type ServerMeasure } from './comparison.ts';
import type { LinearModel } from './linear-model.ts';

const FEATURES = 64;
const ROWS = 4096;
const BATCHES = 8;
const CALLERS = 8;

/** ModelInfer of 4096 rows of 64 FP32 values: one megabyte in, 16 KiB out. */
export const inferLargeRow: BenchRow = {
  name: 'infer-1mb',
  title: 'gRPC infer, batch of 4096 rows in 1 MB, against an echo with the same bytes',
  run: async (context) => {
    const weights = context.random.floats('wide weights', FEATURES);
    const model: LinearModel = { name: 'wide', features: FEATURES, weights, intercept: -0.25 };
    const { servers, alone } = await compareInference(context, {
      model,
      rows: ROWS,
      batches: BATCHES,
      inFlight: CALLERS,
      authenticators: ['none'],
      seconds: context.options.smoke ? 0.25 : 1.2,
      warmUpSeconds: context.options.smoke ? 0.25 : 3,
    });
    const [ours, echo] = [servers['none'] ?? [], servers['echo'] ?? []];
    const compare = (what: string, unit: string, pick: (measure: ServerMeasure) => number): Result => ({
      work: `gRPC infer, 4096 rows in 1 MB: ${what}`,
      unit,
      ours: spreadOf(ours.map(pick)),
      limit: { name: 'echo', value: spreadOf(echo.map(pick)) },
      ratio: ratioOf(ours.map(pick), echo.map(pick)),
    });
    return [
      compare('calls', '1/s', ({ saturated }) => saturated.callsPerSecond),
      compare('server CPU per call', 'us', ({ saturated }) => saturated.cpuPerCall),
      { work: 'onnxruntime alone, 4096 rows: CPU per run', unit: 'us', ours: spreadOf(alone.onnxruntime) },
    ];
  },
};
