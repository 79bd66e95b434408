import { InvalidArgumentError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { parseExperimentFilter, parseExperimentOrder } from './experiment-search.ts';
import { parseRunFilter, parseRunOrder } from './run-search.ts';

const refusal = (work: () => unknown): InvalidArgumentError => {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('filters of runs', () => {
  it('are read as MLflow writes them', () => {
    expect(parseRunFilter('  ')).toBeUndefined();
    expect(parseRunFilter("metrics.`val loss` >= -1.5e-3 and tags.mlflow.parentRunId='x'")).toEqual({
      kind: 'and',
      terms: [
        { kind: 'condition', condition: { on: 'metric', key: 'val loss', test: { op: '>=', value: -0.0015 } } },
        { kind: 'condition', condition: { on: 'tag', key: 'mlflow.parentRunId', test: { op: '=', value: 'x' } } },
      ],
    });
    expect(parseRunFilter(`attributes.\`Run name\` LiKe "it's %"`)).toEqual({
      kind: 'condition',
      condition: { on: 'text', attribute: 'run_name', test: { op: 'like', value: "it's %" } },
    });
    expect(parseRunFilter("run_id not in ('a', 'b')")).toEqual({
      kind: 'condition',
      condition: { on: 'text', attribute: 'run_id', test: { op: 'not in', values: ['a', 'b'] } },
    });
  });

  it.each([
    ['start_time > 1.5', { op: '>', value: 1n }],
    ['start_time >= 1.5', { op: '>', value: 1n }],
    ['start_time < -1.5', { op: '<=', value: -2n }],
    ['start_time = 1.5', { op: '>', value: 2n ** 63n - 1n }],
    ['start_time != 9223372036854775808', { op: '<=', value: 2n ** 63n - 1n }],
    ['start_time < 1e99', { op: '<=', value: 2n ** 63n - 1n }],
    ['start_time = 9007199254740993', { op: '=', value: 9_007_199_254_740_993n }],
  ])('turn %s into a test of 64-bit integers', (text, test) => {
    expect(parseRunFilter(text)).toEqual({
      kind: 'condition',
      condition: { on: 'time', attribute: 'start_time', test },
    });
  });

  it.each([
    ["params.a = 'x", 12, 'not closed'],
    ['params.a = x', 12, 'a text in quotes'],
    ["metrics.a = '1'", 13, 'a number without quotes'],
    ['params.a = 1', 12, 'a text in quotes'],
    ["params.a > 'x'", 10, 'does not go with'],
    ["params.a IN ('x')", 10, 'does not go with'],
    ["status IN ('x')", 8, 'does not go with'],
    ['run_id IN ()', 12, 'a text in quotes'],
    ["run_id IN 'a'", 11, 'a list in parentheses'],
    ["nothing = 'x'", 1, 'is not an attribute of a run'],
    ["model.a = 'x'", 1, 'is not known'],
    ["datasets.source = 'x'", 1, 'name, digest or context'],
    ["status = 'a' OR", 16, 'the name of a field'],
    ["(status = 'a'", 14, "AND, OR or ')'"],
    ["status = 'a')", 13, 'AND, OR or the end'],
    ['()', 2, 'the name of a field'],
    ["NOT = 'a'", 5, 'the name of a field'],
    ["status = 'a';", 13, 'one expression'],
    ["status = 'a' AND", 17, 'the name of a field'],
    ["status = 'a' status = 'b'", 14, 'AND, OR or the end'],
    ['status', 7, 'a comparator'],
    ['start_time IS NULL', 12, 'does not go with'],
    ['metrics. `a` = 1', 10, "directly after 'metrics.'"],
    ['start_time > 5 & 6', 16, 'no meaning'],
    ['end_time IS NOT', 16, 'NULL'],
  ])('name the position of what is wrong: %s', (text, position, words) => {
    const error = refusal(() => parseRunFilter(text));
    expect(error).toMatchObject({ reason: 'FILTER_INVALID', facts: { position: String(position) } });
    expect(error.violations).toEqual([
      { field: 'filter', description: expect.stringContaining(`at position ${position}: `) as string },
    ]);
    expect(error.message).toContain(words);
  });

  it('have at most 100 conditions', () => {
    const many = (count: number) => Array.from({ length: count }, () => 'start_time > 0').join(' AND ');
    expect(parseRunFilter(many(100))).toMatchObject({ kind: 'and' });
    expect(refusal(() => parseRunFilter(many(101))).message).toContain('at most 100 conditions');
    const grouped = Array.from({ length: 101 }, () => '(NOT start_time > 0 OR end_time > 0)').join(' AND ');
    expect(refusal(() => parseRunFilter(grouped)).message).toContain('at most 100 conditions');
  });

  it('nest at most 32 deep', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}start_time > 0${')'.repeat(depth)}`;
    expect(parseRunFilter(nested(32))).toMatchObject({ kind: 'condition' });
    expect(refusal(() => parseRunFilter(nested(33))).message).toContain('nest at most 32');
    expect(refusal(() => parseRunFilter('NOT '.repeat(2_000))).message).toContain('nest at most 32');
  });

  it('bind NOT closer than AND, and AND closer than OR', () => {
    const status = (value: string) => ({
      kind: 'condition',
      condition: { on: 'text', attribute: 'status', test: { op: '=', value } },
    });
    expect(parseRunFilter("status='a' OR NOT status='b' AND status='c'")).toEqual({
      kind: 'or',
      terms: [status('a'), { kind: 'and', terms: [{ kind: 'not', term: status('b') }, status('c')] }],
    });
    expect(parseRunFilter("not (status='a' or status='b') and status='c'")).toEqual({
      kind: 'and',
      terms: [{ kind: 'not', term: { kind: 'or', terms: [status('a'), status('b')] } }, status('c')],
    });
  });
});

describe('orders', () => {
  it('are read with their direction', () => {
    expect(parseRunOrder(['metrics.`a b` DESC', 'params.p asc', 'created'])).toEqual([
      { field: { on: 'metric', key: 'a b' }, descending: true },
      { field: { on: 'param', key: 'p' }, descending: false },
      { field: { on: 'time', attribute: 'start_time' }, descending: false },
    ]);
    expect(parseExperimentOrder([])).toEqual([
      { field: 'creation_time', descending: true },
      { field: 'experiment_id', descending: false },
    ]);
  });

  it.each([
    [['start_time', 'attributes.created DESC'], 'order_by[1]', 'named twice'],
    [['start_time DOWN'], 'order_by[0]', 'ASC, DESC or the end'],
    [['datasets.name'], 'order_by[0]', 'datasets'],
    [[''], 'order_by[0]', 'the name of a field'],
  ])('name the clause that is wrong: %s', (clauses, field, words) => {
    const error = refusal(() => parseRunOrder(clauses));
    expect(error).toMatchObject({ reason: 'ORDER_BY_INVALID', violations: [{ field }] });
    expect(error.message).toContain(words);
  });
});

describe('searches of experiments', () => {
  it.each([["params.a = 'x'"], ["status = 'x'"], ["experiment_id = 'x'"], ["name IN ('a')"]])('refuse %s', (text) => {
    expect(refusal(() => parseExperimentFilter(text)).reason).toBe('FILTER_INVALID');
  });
  it('refuse unknown and repeated orders', () => {
    expect(refusal(() => parseExperimentOrder(['tags.a'])).reason).toBe('ORDER_BY_INVALID');
    expect(refusal(() => parseExperimentOrder(['name', 'name DESC'])).message).toContain('named twice');
  });
});
