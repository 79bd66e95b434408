import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainError } from '@slipway/kernel';
import type { LoadedModel } from '../model-runtime.ts';
import type { Tensor } from '../tensor.ts';
import type { TrainedModel, Trainer, TrainingColumn, TrainingJob } from '../trainer.ts';

const never = new AbortController().signal;
const ROWS = 400;

export interface TrainerSuiteSubject {
  /** Not open yet. */
  readonly make: () => Trainer;
  /** Loads what was trained, with any runtime. */
  readonly load: (trained: TrainedModel) => Promise<LoadedModel>;
}

/** Late more often from ORD and with a longer delay before; no randomness. */
function exampleColumns(): readonly TrainingColumn[] {
  const at = (row: number, factor: number): number => ((row * factor) % 97) / 97;
  const categories = ['ABE', 'ORD', 'SFO'];
  const codes = Uint32Array.from({ length: ROWS }, (_, row) => Math.floor(at(row, 31) * 3));
  const delay = Float64Array.from({ length: ROWS }, (_, row) => 60 * at(row, 13) - 10);
  const minutes = delay.map((value, row) => 5 + 0.5 * value + (codes[row] === 1 ? 20 : 0) + 4 * at(row, 57));
  const late = minutes.map((value, row) => (value + 30 * at(row, 71) > 35 ? 1 : 0));
  return [
    { name: 'origin', kind: 'categorical', categories, codes },
    { name: 'delay', kind: 'numeric', values: delay },
    { name: 'minutes', kind: 'numeric', values: minutes },
    { name: 'late', kind: 'numeric', values: late },
  ];
}

const exampleJob = (changes: Partial<TrainingJob> = {}): TrainingJob => ({
  table: { rows: ROWS, columns: exampleColumns(), id: 'example' },
  target: 'late',
  task: 'binary-classification',
  features: ['origin', 'delay'],
  options: {},
  seed: 1,
  onProgress: () => undefined,
  ...changes,
});

/** One tensor for each input of the model, from the column of its name. */
function inputsOf(model: LoadedModel, columns: readonly TrainingColumn[], rows: number): Tensor[] {
  return model.signature.inputs.map(({ name, datatype }) => {
    const column = columns.find((candidate) => candidate.name === name);
    const shape = [rows, 1];
    if (column?.kind === 'categorical' && datatype === 'BYTES') {
      const data = Array.from(column.codes.subarray(0, rows), (code) => column.categories[code] ?? '');
      return { name, datatype, shape, data };
    }
    const values = column?.kind === 'numeric' ? column.values.subarray(0, rows) : new Float64Array(rows);
    if (datatype === 'FP32') return { name, datatype, shape, data: Float32Array.from(values) };
    if (datatype === 'FP64') return { name, datatype, shape, data: values };
    throw new Error(`input '${name}' is ${datatype}; the suite knows FP32, FP64 and BYTES`);
  });
}

async function failureOf(action: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DomainError);
  return error as DomainError;
}

/** The contract of the port `trainer`. */
export function trainerSuite(name: string, { make, load }: TrainerSuiteSubject): void {
  describe(`trainer contract: ${name}`, () => {
    const trainer = make();
    beforeAll(() => trainer.open(never));
    afterAll(() => trainer.close());

    const score = async (job: TrainingJob): Promise<{ trained: TrainedModel; values: readonly number[] }> => {
      const trained = await trainer.train(job, never);
      const model = await load(trained);
      const output = model.signature.outputs[0]?.name ?? '';
      const [tensor] = await model.run(inputsOf(model, job.table.columns, ROWS), [output], never);
      await model.close();
      return { trained, values: Array.from(tensor?.data as Float32Array | Float64Array) };
    };

    it('makes a model with an input per feature, in that order', async () => {
      const trained = await trainer.train(exampleJob({ features: ['delay', 'origin'] }), never);
      const model = await load(trained);
      expect(model.signature).toEqual(trained.signature);
      expect(trained.format).toBe('onnx');
      expect(trained.signature.inputs.map((input) => input.name)).toEqual(['delay', 'origin']);
      expect(trained.signature.inputs.map((input) => input.shape)).toEqual([[-1, 1], [-1, 1]]); // prettier-ignore
      expect(trained.signature.outputs[0]).toMatchObject({ name: 'probability', shape: [-1, 1] });
      await model.close();
    });

    it('predicts probabilities that are worth more than the mean, and measures them right', async () => {
      const { trained, values } = await score(exampleJob());
      const labels = exampleColumns().find((column) => column.name === 'late');
      const truth = labels?.kind === 'numeric' ? labels.values : new Float64Array(0);
      expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
      const loss =
        truth.reduce(
          (sum, label, row) => sum - Math.log(label === 1 ? (values[row] ?? 0) : 1 - (values[row] ?? 0)),
          0,
        ) / ROWS;
      expect(trained.metrics['log_loss']).toBeCloseTo(loss, 4);
      const share = truth.reduce((sum, label) => sum + label, 0) / ROWS;
      expect(loss).toBeLessThan(0.8 * -(share * Math.log(share) + (1 - share) * Math.log(1 - share)));
      expect(trained.metrics['auc']).toBeGreaterThan(0.8);
    });

    it('predicts numbers, and measures them right', async () => {
      const { trained, values } = await score(exampleJob({ task: 'regression', target: 'minutes' }));
      const column = exampleColumns().find((candidate) => candidate.name === 'minutes');
      const truth = column?.kind === 'numeric' ? column.values : new Float64Array(0);
      const mean = truth.reduce((sum, value) => sum + value, 0) / ROWS;
      const residual = truth.reduce((sum, value, row) => sum + (value - (values[row] ?? 0)) ** 2, 0);
      const total = truth.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      expect(trained.metrics['r2']).toBeCloseTo(1 - residual / total, 4);
      expect(trained.metrics['rmse']).toBeCloseTo(Math.sqrt(residual / ROWS), 3);
      expect(trained.metrics['r2']).toBeGreaterThan(0.9);
    });

    it('makes the same bytes of equal jobs', async () => {
      const [first, second] = [await trainer.train(exampleJob(), never), await trainer.train(exampleJob(), never)];
      expect(Buffer.from(first.model).equals(second.model)).toBe(true);
      expect(first.metrics).toEqual(second.metrics);
    });

    it('reports its progress to the end', async () => {
      const reports: { done: number; total: number; unit: string }[] = [];
      await trainer.train(exampleJob({ onProgress: (progress) => reports.push(progress) }), never);
      const last = reports.at(-1);
      expect(last?.done).toBe(last?.total);
      expect(last?.unit).toMatch(/./);
      expect(reports.every(({ done, total }) => done >= 0 && done <= total)).toBe(true);
    });

    it('stops for a caller that has left', async () => {
      const left = AbortSignal.abort(new Error('the caller left'));
      await expect(trainer.train(exampleJob(), left)).rejects.toThrow('the caller left');
    });

    const spoiled = (name: string, spoil: (values: Float64Array) => void): TrainingJob['table'] => ({
      rows: ROWS,
      id: 'spoiled',
      columns: exampleColumns().map((column) => {
        if (column.name === name && column.kind === 'numeric') spoil(column.values);
        return column;
      }),
    });
    it.each<[string, Partial<TrainingJob>, string]>([
      ['a feature that is not there', { features: ['origin', 'gate'] }, 'gate'],
      ['a target that is not there', { target: 'gate' }, 'gate'],
      ['the target as a feature', { features: ['delay', 'late'] }, 'late'],
      ['a feature twice', { features: ['delay', 'delay'] }, 'features'],
      ['no features', { features: [] }, 'features'],
      ['no rows', { table: { rows: 0, columns: [], id: 'empty' } }, 'rows'],
      ['a column of another length', { table: { rows: ROWS + 1, columns: exampleColumns(), id: 'longer' } }, 'origin'],
      ['a target that is not 0 or 1', { target: 'minutes' }, 'minutes'],
      ['one class only', { table: spoiled('late', (values) => values.fill(1)) }, 'late'],
      ['an infinite value', { table: spoiled('delay', (values) => (values[7] = Infinity)) }, 'delay'],
      ['a target that is NaN', { task: 'regression', target: 'minutes', table: spoiled('minutes', (values) => (values[7] = NaN)) }, 'minutes'],
      ['an unknown option', { options: { 'learn-faster': true } }, 'learn-faster'],
    ])('refuses %s, by name', async (_, changes, name) => {
      const failure = await failureOf(trainer.train(exampleJob(changes), never));
      expect(failure.kind).toBe('invalid-argument');
      expect(failure.message).toContain(name);
    }); // prettier-ignore

    it('finishes what runs when it closes, and takes nothing new', async () => {
      const closing = make();
      await closing.open(never);
      const running = closing.train(exampleJob(), never);
      await Promise.all([closing.close(), closing.close()]);
      expect((await running).format).toBe('onnx');
      expect((await failureOf(closing.train(exampleJob(), never))).kind).toBe('unavailable');
    });
  });
}
