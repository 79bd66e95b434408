import { FailedPreconditionError, InvalidArgumentError, UnavailableError, type Clock } from '@slipway/kernel';
import { inspectGraph } from '@slipway/model-package';
import type { TrainedModel, Trainer, TrainingJob } from '@slipway/plugin-kit';
import { aucSteps, checkJobSteps, logLossSteps, regressionMetricsSteps, runSteps, type Steps } from '@slipway/training';
import { designSteps, type Design } from './design.ts';
import { fitClassification, fitRegression, type Fit } from './fit.ts';
import { readOptions, type LinearOptions } from './options.ts';
import { predictorSteps } from './row-pass.ts';
import { linearGraph, OUTPUT_NAME } from './to-onnx.ts';

/** Passes over the rows that a classification usually takes; the announced total grows when it takes more. */
const PASSES_USUAL = 8;
const PROGRESS_EVERY_MS = 200;

/** Linear and logistic regression on this thread, in steps that let the event loop turn. Uses no randomness: the seed changes nothing. */
export class LinearTrainer implements Trainer {
  private readonly clock: Clock;
  private readonly running = new Set<Promise<unknown>>();
  private state: 'created' | 'open' | 'closed' = 'created';

  constructor(clock: Clock) {
    this.clock = clock;
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.state !== 'created') throw new FailedPreconditionError('the trainer was opened before');
    this.state = 'open';
  }

  async train(job: TrainingJob, signal: AbortSignal): Promise<TrainedModel> {
    if (this.state !== 'open') throw new UnavailableError('the trainer is not open', { reason: 'TRAINER_CLOSED' });
    const onStep = progressOf(job, this.clock);
    const training = runSteps(trainSteps(job), { clock: this.clock, signal, onStep: onStep.add });
    this.running.add(training);
    try {
      const trained = await training;
      onStep.finish();
      return trained;
    } finally {
      this.running.delete(training);
    }
  }

  async close(): Promise<void> {
    this.state = 'closed';
    await Promise.allSettled(this.running);
  }
}

function* trainSteps(job: TrainingJob): Steps<TrainedModel> {
  const options = readOptions(job.options);
  const output = OUTPUT_NAME[job.task];
  if (job.features.includes(output)) {
    throw InvalidArgumentError.of('features', `'${output}' is the name of the model's output; rename the column`, {
      reason: 'TRAINING_DATA_INVALID',
    });
  }
  const checked = yield* checkJobSteps(job, { missingAllowed: options.missing === 'mean' });
  const design = yield* designSteps(checked);
  const fit = yield* job.task === 'regression'
    ? fitRegression(design, checked.target, options)
    : fitClassification(design, checked.target, options);
  const metrics = yield* metricSteps(job, design, fit, checked.target);
  const model = linearGraph(design, fit.coefficients, job.task, options.missing === 'mean');
  return {
    format: 'onnx',
    model,
    signature: inspectGraph(model).signature, // read back from the bytes: what is announced is what is there
    metrics,
    parameters: parametersOf(job, options, design, fit),
  };
}

function* metricSteps(job: TrainingJob, design: Design, fit: Fit, target: Float64Array): Steps<Record<string, number>> {
  const predictors = yield* predictorSteps(design, fit.coefficients);
  if (job.task === 'regression') return { ...(yield* regressionMetricsSteps(target, predictors)) };
  const area = yield* aucSteps(target, predictors);
  for (let row = 0; row < predictors.length; row += 1) {
    predictors[row] = 1 / (1 + Math.exp(-predictors[row]!));
    if ((row & 0x7fff) === 0x7fff) yield 0;
  }
  return { log_loss: yield* logLossSteps(target, predictors), auc: area };
}

function parametersOf(job: TrainingJob, options: LinearOptions, design: Design, fit: Fit): Record<string, string> {
  const constant = design.parts.flatMap((part) => (part.kind === 'numeric' && part.scale === 0 ? [part.name] : []));
  return {
    trainer: 'linear',
    task: job.task,
    ridge: `${options.ridge}`,
    missing: options.missing,
    rows: `${design.rows}`,
    coefficients: `${design.columns}`,
    iterations: `${fit.iterations}`,
    dropped_coefficients: `${fit.dropped.length}`,
    constant_columns: constant.join(','),
  };
}

/** Rows visited, all passes together. */
function progressOf(job: TrainingJob, clock: Clock): { add: (rows: number) => void; finish: () => void } {
  const { rows } = job.table;
  let done = 0;
  let reportedAt = clock.monotonicMs();
  const total = (): number => Math.max(rows * (job.task === 'regression' ? 1 : PASSES_USUAL), done);
  return {
    add: (units) => {
      done += units;
      if (clock.monotonicMs() - reportedAt < PROGRESS_EVERY_MS) return;
      reportedAt = clock.monotonicMs();
      job.onProgress({ done, total: total(), unit: 'rows' });
    },
    finish: () => job.onProgress({ done: total(), total: total(), unit: 'rows' }),
  };
}
