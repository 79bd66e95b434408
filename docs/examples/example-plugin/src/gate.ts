import {
  InvalidArgumentError,
  type FieldViolation,
  type Gate,
  type GateContext,
  type GatePlugin,
  type GateVerdict,
} from '@slipway/plugin-kit';

// Parameters, in the policy of an alias:
//   metric    name of a metric where more is better
//   min       value it must reach
//   datasets  names with commas between, 1 to 8: it must reach it on each of them
const KNOWN: ReadonlySet<string> = new Set(['metric', 'min', 'datasets']);
const DATASETS_MAX = 8;

const datasetsOf = (parameters: GateContext['parameters']): string[] =>
  (parameters['datasets'] ?? '').split(',').map((name) => name.trim());

/** An average hides the airport where a model fails: this gate asks for the same quality everywhere. */
const everyDataset: Gate = {
  checkParameters: (parameters) => {
    const found: FieldViolation[] = [];
    const check = (ok: boolean, field: string, description: string): void => {
      if (!ok) found.push({ field, description });
    };
    for (const field of Object.keys(parameters)) check(KNOWN.has(field), field, 'is not a parameter of this gate');
    check((parameters['metric'] ?? '') !== '', 'metric', 'give the name of a metric');
    check(/^-?\d{1,15}(\.\d{1,15})?$/.test(parameters['min'] ?? ''), 'min', 'give a decimal number, e.g. 0.7');
    const datasets = datasetsOf(parameters);
    check(
      datasets.length <= DATASETS_MAX &&
        datasets.every((name) => name !== '') &&
        new Set(datasets).size === datasets.length,
      'datasets',
      `give 1 to ${DATASETS_MAX} different names with commas between`,
    );
    if (found.length > 0) throw new InvalidArgumentError(found);
  },
  evaluate: ({ candidate, parameters }) => judge(candidate.evaluations, parameters),
};

function judge(
  evaluations: GateContext['candidate']['evaluations'],
  parameters: GateContext['parameters'],
): GateVerdict {
  const min = Number(parameters['min']);
  const results = datasetsOf(parameters).map((dataset) => {
    const found = evaluations.find((one) => one.metric === parameters['metric'] && one.dataset === dataset);
    // written so that NaN does not pass
    const passed = found !== undefined && found.value >= min;
    return { passed, text: `${dataset.slice(0, 60)} ${found === undefined ? 'not measured' : found.value}` };
  });
  const asked = `${(parameters['metric'] ?? '').slice(0, 60)} of at least ${parameters['min']} is asked on each dataset`;
  return {
    passed: results.every(({ passed }) => passed),
    reason: `${asked}: ${results.map(({ text }) => text).join(', ')}`.replaceAll(/[\r\n]+/g, ' '),
  };
}

export const everyDatasetPlugin: GatePlugin<object> = {
  port: 'gate',
  name: 'every-dataset',
  apiVersion: 1,
  parseConfig: () => ({}), // a gate has no settings of its own: its policy brings the parameters
  create: () => everyDataset,
};
