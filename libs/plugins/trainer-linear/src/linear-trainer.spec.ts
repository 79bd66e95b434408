import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdSource, InvalidArgumentError, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { inspectGraph } from '@slipway/model-package';
import type { Tensor, TrainedModel, TrainingColumn, TrainingJob } from '@slipway/plugin-kit';
import { trainerSuite } from '@slipway/plugin-kit/testing';
import { runAtOnce } from '@slipway/training';
import { designSteps } from './design.ts';
import { fitClassification, fitRegression } from './fit.ts';
import { trainerLinearPlugin } from './plugin.ts';
import { loadWithOnnxRuntime } from './testing/load-with-onnxruntime.ts';
// Coefficients and predictions by scikit-learn 1.9.1; the file says with which settings it was made.
import vector from './testing/scikit-learn-vector.json' with { type: 'json' };

const never = new AbortController().signal;
const make = () =>
  trainerLinearPlugin.create(trainerLinearPlugin.parseConfig({}), {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(1)),
    log: silentLogger,
    dataDirectory: '.',
  });

trainerSuite('linear', { make, load: loadWithOnnxRuntime });

const numeric = (name: string, values: readonly number[]): TrainingColumn => ({
  name,
  kind: 'numeric',
  values: Float64Array.from(values),
});
const categorical = (name: string, categories: readonly string[], codes: readonly number[]): TrainingColumn => ({
  name,
  kind: 'categorical',
  categories,
  codes: Uint32Array.from(codes),
});

const job = (columns: readonly TrainingColumn[], changes: Partial<TrainingJob>): TrainingJob => {
  const target = changes.target ?? 'y';
  return {
    table: {
      rows: columns[0]?.kind === 'numeric' ? columns[0].values.length : (columns[0]?.codes.length ?? 0),
      columns,
      id: 't',
    },
    target,
    task: 'binary-classification',
    features: columns.map(({ name }) => name).filter((name) => name !== target),
    options: {},
    seed: 1,
    onProgress: () => undefined,
    ...changes,
  };
};

async function train(what: TrainingJob): Promise<TrainedModel> {
  const trainer = make();
  await trainer.open(never);
  return trainer.train(what, never);
}

async function predict(
  trained: TrainedModel,
  columns: readonly { name: string; values: Float64Array | string[] }[],
): Promise<number[]> {
  const model = await loadWithOnnxRuntime(trained);
  const inputs = columns.map(({ name, values }): Tensor => {
    const shape = [values.length, 1];
    return Array.isArray(values)
      ? { name, datatype: 'BYTES', shape, data: values }
      : { name, datatype: 'FP64', shape, data: values };
  });
  const [output] = await model.run(inputs, [trained.signature.outputs[0]?.name ?? ''], never);
  await model.close();
  return Array.from(output?.data as Float32Array);
}

const features = [
  numeric('distance', vector.distance),
  numeric('delay', vector.delay),
  categorical('origin', vector.categories, vector.origin),
];
const flights = [
  { name: 'distance', values: Float64Array.from(vector.distance) },
  { name: 'delay', values: Float64Array.from(vector.delay) },
  { name: 'origin', values: vector.origin.map((code) => vector.categories[code] ?? '') },
];
/** Half a unit in the last place of a float32 near 1 is 6e-8; the arithmetic before is float64. */
const FLOAT32_TOLERANCE = 1e-7;

describe('linear trainer against scikit-learn', () => {
  const rows = vector.late.length;
  it.each(Object.entries(vector.logistic))('fits a logistic regression with ridge %s', async (ridge, expected) => {
    const options = { ridge: Number(ridge), missing: 'refuse', iterationsMax: 100 } as const;
    const design = runAtOnce(designSteps({ rows, features, target: new Float64Array(rows) }));
    const { coefficients } = runAtOnce(fitClassification(design, Float64Array.from(vector.late), options));
    for (const [index, value] of [expected.intercept, ...expected.coefficients].entries()) {
      expect(coefficients[index]).toBeCloseTo(value, 9);
    }
    const trained = await train(job([...features, numeric('y', vector.late)], { options: { ridge: Number(ridge) } }));
    expect(trained.metrics['log_loss']).toBeCloseTo(expected.log_loss, 9);
    expect(trained.metrics['auc']).toBeCloseTo(expected.auc, 12);
    const probabilities = await predict(trained, flights);
    for (const [row, value] of expected.probabilities.entries()) {
      expect(Math.abs((probabilities[row] ?? 0) - value)).toBeLessThan(FLOAT32_TOLERANCE);
    }
  });

  it.each(Object.entries(vector.ridge))('fits a linear regression with ridge %s', async (ridge, expected) => {
    const options = { ridge: Number(ridge), missing: 'refuse', iterationsMax: 100 } as const;
    const design = runAtOnce(designSteps({ rows, features, target: new Float64Array(rows) }));
    const { coefficients } = runAtOnce(fitRegression(design, Float64Array.from(vector.minutes), options));
    for (const [index, value] of [expected.intercept, ...expected.coefficients].entries()) {
      expect(coefficients[index]).toBeCloseTo(value, 9);
    }
    const trained = await train(job([...features, numeric('y', vector.minutes)], { task: 'regression', options: { ridge: Number(ridge) } })); // prettier-ignore
    expect(trained.metrics['r2']).toBeCloseTo(expected.r2, 10);
    expect(trained.metrics['rmse']).toBeCloseTo(expected.rmse, 10);
    const predictions = await predict(trained, flights);
    for (const [row, value] of expected.predictions.entries()) {
      expect(Math.abs((predictions[row] ?? 0) - value)).toBeLessThan(FLOAT32_TOLERANCE * Math.max(1, Math.abs(value)));
    }
  });

  it('fits plain least squares without a ridge, dropping the one column too many', async () => {
    const trained = await train(job([...features, numeric('y', vector.minutes)], { task: 'regression', options: { ridge: 0 } })); // prettier-ignore
    expect(trained.metrics['r2']).toBeCloseTo(vector.leastSquares.r2, 10);
    expect(trained.parameters['dropped_coefficients']).toBe('1'); // intercept and all categories of origin
    const predictions = await predict(trained, flights);
    for (const [row, value] of vector.leastSquares.predictions.entries()) {
      expect(Math.abs((predictions[row] ?? 0) - value)).toBeLessThan(FLOAT32_TOLERANCE * Math.max(1, Math.abs(value)));
    }
  });
});

/** Predictor in float64, from the definition, row by row. */
function reference(columns: readonly TrainingColumn[], coefficients: Float64Array, row: number): number {
  let sum = coefficients[0] ?? 0;
  let at = 1;
  for (const column of columns) {
    if (column.kind === 'categorical') {
      sum += coefficients[at + (column.codes[row] ?? 0)] ?? 0;
      at += column.categories.length;
      continue;
    }
    const mean = column.values.reduce((total, value) => total + value, 0) / column.values.length;
    const spread = Math.sqrt(
      column.values.reduce((total, value) => total + (value - mean) ** 2, 0) / column.values.length,
    );
    sum += ((coefficients[at] ?? 0) * ((column.values[row] ?? 0) - mean)) / spread;
    at += 1;
  }
  return sum;
}

describe('linear trainer', () => {
  it('makes graphs that compute what float64 does, for all tables', async () => {
    const row = fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.nat(3), fc.constantFrom(0, 1));
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 8, maxLength: 40 }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        async (drawn, ridge) => {
          const values = drawn.map(([value], index) => 1e9 + value + index); // far from zero, as seconds since 1970 are
          const columns = [numeric('x', values), categorical('c', ['', 'b', '✈', 'd'], drawn.map(([, code]) => code))]; // prettier-ignore
          const labels = drawn.map(([, , label], index) => (index < 2 ? index : label));
          const trained = await train(job([...columns, numeric('y', labels)], { options: { ridge } }));
          const design = runAtOnce(designSteps({ rows: drawn.length, features: columns, target: new Float64Array(0) }));
          const fit = runAtOnce(
            fitClassification(design, Float64Array.from(labels), { ridge, missing: 'refuse', iterationsMax: 100 }),
          );
          const texts = drawn.map(([, code]) => ['', 'b', '✈', 'd'][code] ?? '');
          const probabilities = await predict(trained, [{ name: 'x', values: Float64Array.from(values) }, { name: 'c', values: texts }]); // prettier-ignore
          for (let index = 0; index < drawn.length; index += 1) {
            const expected = 1 / (1 + Math.exp(-reference(columns, fit.coefficients, index)));
            expect(Math.abs((probabilities[index] ?? 0) - expected)).toBeLessThan(FLOAT32_TOLERANCE);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  const y = numeric('y', [0, 1, 0, 1, 1, 0, 1, 1]);
  const x = [1, 2, 1.5, 4, 3, 2.5, 2, 5];

  it('counts a category it has not seen as none', async () => {
    const trained = await train(job([categorical('c', ['a', 'b', 'unused'], [0, 0, 0, 1, 1, 0, 1, 1]), y], {}));
    const [a, b, unused, unseen] = await predict(trained, [{ name: 'c', values: ['a', 'b', 'unused', 'elsewhere'] }]);
    expect(unused).toBe(unseen); // a category without rows has nothing to say either
    expect(a).toBeLessThan(unseen ?? 0);
    expect(b).toBeGreaterThan(unseen ?? 1);
  });

  it('gives a constant column no weight, and names it', async () => {
    const trained = await train(job([numeric('x', x), numeric('k', x.map(() => 0.1)), y], {})); // prettier-ignore
    const without = await train(job([numeric('x', x), y], {}));
    expect(trained.parameters['constant_columns']).toBe('k');
    const values = Float64Array.from(x);
    const moved = await predict(trained, [{ name: 'x', values }, { name: 'k', values: values.map(() => 99) }]); // prettier-ignore
    expect(moved).toEqual(await predict(without, [{ name: 'x', values }]));
  });

  it('shares the weight of equal columns with a ridge, and drops one without', async () => {
    const columns = [numeric('x', x), numeric('twin', x), y];
    expect((await train(job(columns, { options: { ridge: 1 } }))).parameters['dropped_coefficients']).toBe('0');
    const plain = await train(job(columns, { options: { ridge: 0 } }));
    expect(plain.parameters['dropped_coefficients']).toBe('1');
    expect(plain.metrics['log_loss']).toBeCloseTo((await train(job([numeric('x', x), y], { options: { ridge: 0 } }))).metrics['log_loss'] ?? 0, 9); // prettier-ignore
  });

  it('predicts the share of ones under a huge ridge', async () => {
    const trained = await train(job([numeric('x', x), y], { options: { ridge: 1e15 } }));
    for (const probability of await predict(trained, [{ name: 'x', values: Float64Array.from(x) }])) {
      expect(probability).toBeCloseTo(5 / 8, 6);
    }
  });

  it('refuses separated classes without a ridge, and fits them with one', async () => {
    const columns = [numeric('x', [1, 2, 3, 4, 5, 6, 7, 8]), numeric('y', [0, 0, 0, 0, 1, 1, 1, 1])];
    await expect(train(job(columns, { options: { ridge: 0 } }))).rejects.toThrow("options.ridge: 'x' separates the classes; set a ridge above 0"); // prettier-ignore
    expect((await train(job(columns, { options: { ridge: 0.01 } }))).metrics['auc']).toBe(1);
  });

  it('refuses NaN by column and row, or fills in the mean when told', async () => {
    const holes = x.map((value, row) => (row === 3 ? Number.NaN : value));
    const failure: unknown = await train(job([numeric('x', holes), y], {})).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as InvalidArgumentError).violations).toEqual([
      { field: 'columns.x', description: 'has no number in row 3; fill it, or set the option missing to mean' },
    ]);
    const filled = await train(job([numeric('x', holes), y], { options: { missing: 'mean' } }));
    const present = holes.filter((value) => !Number.isNaN(value));
    const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
    const [atNaN, atMean] = await predict(filled, [{ name: 'x', values: Float64Array.of(Number.NaN, mean) }]);
    expect(atNaN).toBe(atMean);
    const strict = await train(job([numeric('x', x), y], {}));
    expect((await predict(strict, [{ name: 'x', values: Float64Array.of(Number.NaN) }]))[0]).toBeNaN();
  });

  it('refuses codes without a category, repeated categories, too many of them, and numbers too large', async () => {
    const codes = [0, 1, 0, 1, 0, 1, 0, 2];
    await expect(train(job([categorical('c', ['a', 'b'], codes), y], {}))).rejects.toThrow('columns.c: has code 2 in row 7, and 2 categories'); // prettier-ignore
    await expect(train(job([categorical('c', ['a', 'b', 'a'], codes), y], {}))).rejects.toThrow('columns.c: has a category twice'); // prettier-ignore
    const many = Array.from({ length: 3000 }, (_, index) => `${index}`);
    await expect(train(job([categorical('c', many, codes), y], {}))).rejects.toThrow('columns.c: with it the model has 3001 coefficients'); // prettier-ignore
    await expect(train(job([numeric('x', x.map((value) => value * 1e300)), y], {}))).rejects.toThrow('columns.x: has numbers too large to square'); // prettier-ignore
  });

  it('names its values so that a column may be called anything but the output', async () => {
    const odd = ['slipway', 'means', 'row', '__proto__', 'a b'];
    const trained = await train(job([...odd.map((name) => numeric(name, x)), y], {}));
    expect(inspectGraph(trained.model).signature.inputs.map(({ name }) => name)).toEqual(odd);
    await expect(train(job([numeric('probability', x), y], {}))).rejects.toThrow(
      "'probability' is the name of the model's output",
    );
  });

  it('lets the event loop turn while it works, and stops when told', async () => {
    const rows = 200_000;
    const random = seededRandom(3);
    const draw = (categories: number): number[] =>
      Array.from({ length: rows }, () => Math.floor(random.next() * categories));
    const names = Array.from({ length: 50 }, (_, index) => `${index}`);
    const columns = [...['a', 'b', 'c', 'd'].map((name) => categorical(name, names, draw(50))), numeric('y', draw(2))];
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const started = performance.now();
    await train(job(columns, {}));
    running = false;
    expect(turns).toBeGreaterThan((performance.now() - started) / 50); // more often than every 50 ms on the average
    const leaving = new AbortController();
    const trainer = make();
    await trainer.open(never);
    const training = trainer.train(job(columns, {}), leaving.signal);
    setTimeout(() => leaving.abort(new Error('no longer wanted')), 20);
    await expect(training).rejects.toThrow('no longer wanted');
  });
});
