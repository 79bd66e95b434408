import {
  type Comparator,
  type Expression,
  type IntegerTest,
  type NumberTest,
  type TextTest,
  isPresenceTest,
} from '@slipway/search';
import type { Experiment } from '../domain/experiment.ts';
import { CONTEXT_TAG } from '../domain/dataset.ts';
import type { RunView } from '../domain/run.ts';
import type { ExperimentCondition, RunCondition, RunTextAttribute } from '../domain/search/conditions.ts';

/** Says what a filter means, one value after the other and without any index: what the databases are compared with. */
export function matches<Item, Condition>(
  expression: Expression<Condition> | undefined,
  item: Item,
  holds: (condition: Condition, item: Item) => boolean,
): boolean {
  if (!expression) return true;
  if (expression.kind === 'condition') return holds(expression.condition, item);
  if (expression.kind === 'not') return !matches(expression.term, item, holds);
  if (expression.kind === 'or') return expression.terms.some((term) => matches(term, item, holds));
  return expression.terms.every((term) => matches(term, item, holds));
}

/** `%` any characters, `_` one of them. */
function isLike(value: string, pattern: string): boolean {
  const [text, signs] = [Array.from(value), Array.from(pattern)];
  let reached = new Set([0]); // numbers of characters that the pattern so far can have used up
  for (const sign of signs) {
    const next = new Set<number>();
    for (const at of reached) {
      if (sign === '%') for (let end = at; end <= text.length; end += 1) next.add(end);
      else if (at < text.length && (sign === '_' || sign === text[at])) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(text.length);
}

const foldAscii = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

export function textHolds(test: TextTest, value: string | undefined): boolean {
  if (test.op === 'is null') return value === undefined;
  if (value === undefined) return false;
  switch (test.op) {
    case 'is not null':
      return true;
    case '=':
      return value === test.value;
    case '!=':
      return value !== test.value;
    case 'like':
      return isLike(value, test.value);
    case 'ilike':
      return isLike(foldAscii(value), foldAscii(test.value));
    case 'in':
      return test.values.includes(value);
    case 'not in':
      return !test.values.includes(value);
  }
}

const COMPARE: Readonly<Record<Comparator, (left: number | bigint, right: number | bigint) => boolean>> = {
  '=': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

export function numberHolds(test: NumberTest | IntegerTest, value: number | bigint | undefined): boolean {
  if (isPresenceTest(test)) return (value === undefined) === (test.op === 'is null');
  return value !== undefined && COMPARE[test.op](value, test.value);
}

export const textsOf = ({ run }: RunView): Readonly<Record<RunTextAttribute, string>> => ({
  run_id: run.runId,
  run_name: run.name,
  user_id: run.userId,
  status: run.status,
  artifact_uri: run.artifactUri,
});

export const runHolds = (condition: RunCondition, view: RunView): boolean => {
  switch (condition.on) {
    case 'metric':
      return numberHolds(condition.test, view.metrics.find(({ key }) => key === condition.key)?.value);
    case 'param':
      return textHolds(condition.test, view.params[condition.key]);
    case 'tag':
      return textHolds(condition.test, view.tags[condition.key]);
    case 'text':
      return textHolds(condition.test, textsOf(view)[condition.attribute]);
    case 'time':
      return numberHolds(condition.test, condition.attribute === 'start_time' ? view.run.startTime : view.run.endTime);
    case 'dataset':
      return view.datasets.some(({ dataset, tags }) => {
        const value = { name: dataset.name, digest: dataset.digest, context: tags[CONTEXT_TAG] }[condition.attribute];
        return value !== undefined && textHolds(condition.test, value);
      });
  }
};

export function experimentHolds(condition: ExperimentCondition, experiment: Experiment): boolean {
  if (condition.on === 'name') return textHolds(condition.test, experiment.name);
  if (condition.on === 'tag') return textHolds(condition.test, experiment.tags[condition.key]);
  const time = { creation_time: experiment.creationTime, last_update_time: experiment.lastUpdateTime };
  return numberHolds(condition.test, time[condition.attribute]);
}
