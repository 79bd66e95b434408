import type { BenchRow, Result } from '../bench-row.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { compareInference, type InferenceMeasures, type ServerMeasure } from './comparison.ts';
import type { LinearModel } from './linear-model.ts';

const FEATURES = 16;
const CALLERS = 32;
const AUTHENTICATORS = ['none', 'tokens'] as const;

/** ModelInfer of one row on a model that costs next to nothing: what is measured is the server. */
export const inferSmallRow: BenchRow = {
  name: 'infer',
  title: 'gRPC infer, small model, 1 row, against an echo',
  run: async (context) => {
    const weights = context.random.floats('small weights', FEATURES);
    const model: LinearModel = { name: 'small', features: FEATURES, weights, intercept: 0.5 };
    const measures = await compareInference(context, {
      model,
      rows: 1,
      batches: 4096,
      inFlight: CALLERS,
      authenticators: AUTHENTICATORS,
      seconds: context.options.smoke ? 0.25 : 1.2,
      warmUpSeconds: context.options.smoke ? 0.25 : 12,
    });
    return AUTHENTICATORS.flatMap((name) => resultsOf(name, measures)).concat(aloneResults(measures));
  },
};

function resultsOf(name: (typeof AUTHENTICATORS)[number], { servers, alone }: InferenceMeasures): readonly Result[] {
  const [ours, echo] = [servers[name] ?? [], servers['echo'] ?? []];
  const compare = (
    what: string,
    unit: string,
    pick: (measure: ServerMeasure) => number,
  ): Pick<Result, 'work' | 'unit' | 'ours' | 'limit' | 'ratio'> => ({
    work: `gRPC infer, 1 row, ${name}: ${what}`,
    unit,
    ours: spreadOf(ours.map(pick)),
    limit: { name: 'echo', value: spreadOf(echo.map(pick)) },
    ratio: ratioOf(ours.map(pick), echo.map(pick)),
  });
  const cpu = compare('server CPU per call', 'us', ({ saturated }) => saturated.cpuPerCall);
  const busy = spreadOf(ours.map(({ saturated }) => (saturated.cpuPerCall * saturated.callsPerSecond) / 1e6));
  const cause = causeOf(cpu, spreadOf(alone.onnxruntime).median, spreadOf(alone.driver).median, busy.median);
  return [
    { ...cpu, budget: { atMost: 1.25 }, cause },
    { ...compare('calls', '1/s', ({ saturated }) => saturated.callsPerSecond), budget: { atLeast: 0.8 }, cause },
    compare('p99 at half load', 'ms', ({ half }) => half.latencyP99),
  ];
}

function causeOf(
  { ours, limit }: Pick<Result, 'ours' | 'limit'>,
  runtime: number,
  driver: number,
  busy: number,
): string {
  const echo = limit?.value.median ?? Number.NaN;
  const rest = ours.median - echo - driver;
  return (
    `${(ours.median - echo).toFixed(0)} us of CPU more than the echo: onnxruntime alone takes ${runtime.toFixed(0)} us of them, ` +
    `our driver around it ${(driver - runtime).toFixed(0)} us, the call chain with checks, metrics, trailer and codec ${rest.toFixed(0)} us; ` +
    `the server used ${busy.toFixed(2)} of a core, what else ran on the machine and the load generator had the rest`
  );
}

const aloneResults = ({ alone, servers }: InferenceMeasures): readonly Result[] => [
  {
    work: 'onnxruntime alone, 1 row: CPU per run, and the share of it in a call (none)',
    unit: 'us',
    ours: spreadOf(alone.onnxruntime),
    limit: { name: 'call', value: spreadOf((servers['none'] ?? []).map(({ saturated }) => saturated.cpuPerCall)) },
    ratio: ratioOf(
      alone.onnxruntime,
      (servers['none'] ?? []).map(({ saturated }) => saturated.cpuPerCall),
    ),
  },
];
