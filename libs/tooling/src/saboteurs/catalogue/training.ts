import type { Saboteur } from '../saboteur.ts';

const TRAINER = 'libs/plugins/trainer-linear/src';
const TRAINING = 'libs/training/src';
const FITS = [`${TRAINER}/linear-trainer.spec.ts`];
const COMMAND = 'libs/plugins/trainer-command/src';
const PROGRAMS = [`${COMMAND}/command-trainer.spec.ts`];
const METRICS = [`${TRAINING}/metrics.spec.ts`];

/** Numbers of the trainer and of its metrics. */
export const TRAINING_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'the intercept is penalised',
    file: `${TRAINER}/fit.ts`,
    find: 'for (let column = 1; column < coefficients.length; column += 1) {',
    replace: 'for (let column = 0; column < coefficients.length; column += 1) {',
    suites: FITS,
  },
  {
    name: 'a category not seen in training counts as the first one',
    file: `${TRAINER}/to-onnx.ts`,
    find: "doubles('default', [1], [0])",
    replace: "doubles('default', [1], [values[0] ?? 0])",
    suites: FITS,
  },
  {
    name: 'a missing number counts as 0 in the model',
    file: `${TRAINER}/to-onnx.ts`,
    find: 'initializers: [doubles(mean, [1], [part.mean])]',
    replace: 'initializers: [doubles(mean, [1], [0])]',
    suites: FITS,
  },
  {
    name: 'ties count as wins in the AUC',
    file: `${TRAINING}/metrics.ts`,
    find: 'wins += (below + upTo) / 2;',
    replace: 'wins += upTo;',
    suites: METRICS,
  },
  {
    name: 'a certain and wrong probability costs infinitely much',
    file: `${TRAINING}/metrics.ts`,
    find: 'Math.min(Math.max(probabilities[row] ?? 0, PROBABILITY_MIN), 1 - PROBABILITY_MIN)',
    replace: 'probabilities[row] ?? 0',
    suites: METRICS,
  },
  {
    name: 'one class alone is trained on',
    file: `${TRAINING}/check-job.ts`,
    find: 'if (ones === 0 || ones === values.length) return',
    replace: 'if (values.length === 0) return',
    suites: FITS,
  },
  {
    name: 'the target is among the features',
    file: `${TRAINING}/check-job.ts`,
    find: "  if (job.features.includes(job.target)) refuse('features', `contains the target '${job.target}'`);\n",
    replace: '',
    suites: FITS,
  },
  {
    name: 'a training program shows its token in the log',
    file: `${COMMAND}/log-lines.ts`,
    find: "decoded.replaceAll(this.#secret, '***')",
    replace: 'decoded',
    suites: [`${COMMAND}/log-lines.spec.ts`],
  },
  {
    name: 'a training program hands in a link to a file of ours',
    file: `${COMMAND}/read-result.ts`,
    find: ' | constants.O_NOFOLLOW',
    replace: '',
    suites: PROGRAMS,
  },
  {
    name: 'a training program is not asked to end before it is killed',
    file: `${COMMAND}/kill-run.ts`,
    find: 'process.kill(-group, signal);',
    replace: 'process.kill(-group, 0);',
    suites: PROGRAMS,
  },
  {
    name: 'a training program sees all variables of ours',
    file: `${COMMAND}/run-program.ts`,
    find: 'env: { ...program.environment },',
    replace: 'env: { ...process.env, ...program.environment },',
    suites: PROGRAMS,
  },
];
