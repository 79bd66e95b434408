import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { Gate, GateCandidate, GateContext, GatePlugin, GateVerdict } from '@slipway/plugin-kit';

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const KNOWN = [
  'metric',
  'dataset',
  'at_least',
  'at_most',
  'better_than_current_by',
  'no_worse_than_current_by',
  'direction',
];
const TEXT_BYTES_MAX = 256;

interface MetricRule {
  readonly metric: string;
  readonly dataset: string;
  readonly atLeast: number | undefined;
  readonly atMost: number | undefined;
  readonly betterBy: number | undefined;
  readonly direction: 'higher' | 'lower';
}

/** Collects what is wrong with the parameters, each under its own name. */
class ParameterReader {
  readonly violations: FieldViolation[] = [];
  private readonly parameters: Readonly<Record<string, string>>;

  constructor(parameters: Readonly<Record<string, string>>) {
    this.parameters = parameters;
    for (const name of Object.keys(parameters)) {
      if (!KNOWN.includes(name)) this.refuse(name, `is not a parameter of metric; known are ${KNOWN.join(', ')}`);
    }
  }

  refuse(field: string, description: string): void {
    this.violations.push({ field, description });
  }

  get(name: string): string | undefined {
    return Object.hasOwn(this.parameters, name) ? this.parameters[name] : undefined;
  }

  text(name: string): string {
    const value = this.get(name) ?? '';
    if (value === '' || Buffer.byteLength(value) > TEXT_BYTES_MAX) {
      this.refuse(name, `must have 1 to ${TEXT_BYTES_MAX} bytes`);
    }
    return value;
  }

  number(name: string): number | undefined {
    const text = this.get(name);
    if (text === undefined) return undefined;
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value)) this.refuse(name, 'must be a decimal number, e.g. 0.65');
    return value;
  }
}

/** How much better than the current version a value has to be; below 0 it may be that much worse. Undefined: it is not compared. */
function comparisonOf(reader: ParameterReader): number | undefined {
  const better = reader.number('better_than_current_by');
  const worse = reader.number('no_worse_than_current_by');
  if (better !== undefined && better < 0)
    reader.refuse('better_than_current_by', 'must be 0 or more; no_worse_than_current_by takes a margin');
  if (worse !== undefined && worse < 0) reader.refuse('no_worse_than_current_by', 'must be 0 or more');
  if (better !== undefined && worse !== undefined)
    reader.refuse('no_worse_than_current_by', 'give it or better_than_current_by, not both');
  return better ?? (worse === undefined ? undefined : -worse);
}

function readRule(parameters: Readonly<Record<string, string>>): MetricRule {
  const reader = new ParameterReader(parameters);
  const rule = {
    metric: reader.text('metric'),
    dataset: reader.text('dataset'),
    atLeast: reader.number('at_least'),
    atMost: reader.number('at_most'),
    betterBy: comparisonOf(reader),
    direction: reader.get('direction'),
  };
  const { atLeast, atMost, betterBy, direction } = rule;
  if (atLeast === undefined && atMost === undefined && betterBy === undefined) {
    reader.refuse(
      'at_least',
      'give one or more of at_least, at_most, better_than_current_by, no_worse_than_current_by',
    );
  }
  if (atLeast !== undefined && atMost !== undefined && atLeast > atMost) {
    reader.refuse('at_least', `${atLeast} is above at_most ${atMost}; nothing could pass`);
  }
  if (direction !== undefined && betterBy === undefined) {
    reader.refuse('direction', 'belongs to a comparison with the current version, and none is given');
  }
  if (betterBy !== undefined && direction === undefined) {
    reader.refuse('direction', "is needed with a comparison with the current version: 'higher' or 'lower' is better");
  } else if (direction !== undefined && direction !== 'higher' && direction !== 'lower') {
    reader.refuse('direction', "must be 'higher' or 'lower'");
  }
  if (reader.violations.length > 0) throw new InvalidArgumentError(reader.violations);
  return { ...rule, direction: direction === 'lower' ? 'lower' : 'higher' };
}

const valueOf = ({ evaluations }: GateCandidate, { metric, dataset }: MetricRule): number | undefined =>
  evaluations.find((evaluation) => evaluation.metric === metric && evaluation.dataset === dataset)?.value;

/** One sentence that ends the verdict, or what passed. */
function compareWithCurrent(rule: MetricRule, value: number, current: GateCandidate | undefined): GateVerdict {
  const { betterBy = 0, direction, dataset, metric } = rule;
  if (!current) return { passed: true, reason: 'there is no current version to be better than' };
  const held = valueOf(current, rule);
  if (held === undefined) {
    return {
      passed: false,
      reason: `the current version ${current.version} has no evaluation of ${metric} on '${dataset}'; record one`,
    };
  }
  const needed = direction === 'higher' ? held + betterBy : held - betterBy;
  // an improvement is demanded even when its size is left open: the same value is not better
  const strict = Object.is(betterBy, 0);
  const passed = direction === 'higher'
    ? (strict ? value > needed : value >= needed)
    : (strict ? value < needed : value <= needed); // prettier-ignore
  if (Object.is(betterBy, -0) || betterBy < 0) {
    const margin = Math.abs(betterBy);
    return {
      passed,
      reason: `${passed ? 'not ' : ''}worse than ${held} of the current version ${current.version} by more than ${margin} (${direction} is better)`,
    };
  }
  return {
    passed,
    reason: `${passed ? '' : 'not '}better than ${held} of the current version ${current.version} by ${betterBy} (${direction} is better)`,
  };
}

function judge(rule: MetricRule, candidate: GateCandidate, current: GateCandidate | undefined): GateVerdict {
  const { metric, dataset, atLeast, atMost, betterBy } = rule;
  const value = valueOf(candidate, rule);
  if (value === undefined) {
    return {
      passed: false,
      reason: `version ${candidate.version} has no evaluation of ${metric} on '${dataset}'; record one`,
    };
  }
  const verdicts: GateVerdict[] = [];
  if (atLeast !== undefined) {
    const passed = value >= atLeast;
    verdicts.push({ passed, reason: `${passed ? 'not ' : ''}below at_least ${atLeast}` });
  }
  if (atMost !== undefined) {
    const passed = value <= atMost;
    verdicts.push({ passed, reason: `${passed ? 'not ' : ''}above at_most ${atMost}` });
  }
  if (betterBy !== undefined) verdicts.push(compareWithCurrent(rule, value, current));
  const failed = verdicts.filter(({ passed }) => !passed);
  const told = failed.length > 0 ? failed : verdicts;
  return {
    passed: failed.length === 0,
    reason: `${metric} ${value} on '${dataset}' is ${told.map(({ reason }) => reason).join('; ')}`,
  };
}

/**
 * Compares the newest evaluation of one metric on one dataset with fixed bounds, with the version that holds the alias, or both.
 * Parameters: `metric`, `dataset`, and one or more of `at_least`, `at_most`, `better_than_current_by` or `no_worse_than_current_by` (a margin of
 * non-inferiority; both with `direction`); bounds are inclusive, but `better_than_current_by` = 0 demands a strictly better value. Without a current version the comparison with it passes.
 */
export const metricGate: Gate = {
  checkParameters: (parameters) => void readRule(parameters),
  evaluate: ({ parameters, candidate, current }: GateContext) => judge(readRule(parameters), candidate, current),
};

/** The gate that comes with the registry; needs no settings. */
export const metricGatePlugin: GatePlugin<Record<string, never>> = {
  port: 'gate',
  name: 'metric',
  apiVersion: 1,
  parseConfig: (raw) => {
    const keys = Object.keys(raw);
    if (keys.length > 0) throw new Error(`gate.metric has no settings, but found ${keys.join(', ')}`);
    return {};
  },
  create: () => metricGate,
};
