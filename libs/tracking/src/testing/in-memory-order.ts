import type { OrderTerm } from '@slipway/search';
import { InvalidArgumentError } from '@slipway/kernel';
import type { Experiment } from '../domain/experiment.ts';
import type { LoggedModelView } from '../domain/logged-model.ts';
import { compareValues } from '../domain/metric.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import type { RunView } from '../domain/run.ts';
import type { ExperimentOrderField, RunOrderField } from '../domain/search/conditions.ts';
import type { LoggedModelOrderField } from '../domain/search/logged-model-search.ts';
import { textsOf } from './matches.ts';

type Present = string | number | bigint;
type Value = Present | undefined;
type Compare<Item> = (left: Item, right: Item) => number;

const signOf = (isBefore: boolean): number => (isBefore ? -1 : 1);

/** Texts by their bytes, doubles as `compareValues`. */
function compare(left: Present, right: Present): number {
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(String(right)));
  if (typeof left === 'number') return compareValues(left, Number(right));
  return left === right ? 0 : signOf(left < BigInt(right));
}

/** 0 for values, 1 for NaN, 2 for nothing: in this order whatever the direction. */
const rankOf = (value: Value): number =>
  value === undefined ? 2 : Number(typeof value === 'number' && Number.isNaN(value));

function byTerm<Item>(valueOf: (item: Item) => Value, descending: boolean): Compare<Item> {
  return (leftItem, rightItem) => {
    const [left, right] = [valueOf(leftItem), valueOf(rightItem)];
    const rank = rankOf(left) - rankOf(right);
    if (rank !== 0 || left === undefined || right === undefined || rankOf(left) > 0) return rank;
    return descending ? -compare(left, right) : compare(left, right);
  };
}

const inTurn =
  <Item>(compares: readonly Compare<Item>[]): Compare<Item> =>
  (left, right) => {
    for (const each of compares) {
      const result = each(left, right);
      if (result !== 0) return result;
    }
    return 0;
  };

function runValue(field: RunOrderField, view: RunView): Value {
  const { run } = view;
  switch (field.on) {
    case 'metric':
      return view.metrics.find(({ key }) => key === field.key)?.value;
    case 'param':
      return view.params[field.key];
    case 'tag':
      return view.tags[field.key];
    case 'time':
      return field.attribute === 'start_time' ? run.startTime : run.endTime;
    case 'text':
      return textsOf(view)[field.attribute];
  }
}

export const runOrder = (order: readonly OrderTerm<RunOrderField>[]): Compare<RunView> =>
  inTurn([
    ...order.map(({ field, descending }) => byTerm((view: RunView) => runValue(field, view), descending)),
    byTerm((view: RunView) => view.run.startTime, true),
    byTerm((view: RunView) => view.run.runId, false),
  ]);

export const experimentOrder = (order: readonly OrderTerm<ExperimentOrderField>[]): Compare<Experiment> =>
  inTurn([
    ...order.map(({ field, descending }) =>
      byTerm((experiment: Experiment) => {
        if (field === 'name') return experiment.name;
        if (field === 'experiment_id') return experiment.id;
        return field === 'creation_time' ? experiment.creationTime : experiment.lastUpdateTime;
      }, descending),
    ),
    byTerm((experiment: Experiment) => experiment.id, true),
  ]);

export const loggedModelOrder = (
  order: readonly OrderTerm<LoggedModelOrderField>[],
  valueOf: (field: LoggedModelOrderField, view: LoggedModelView) => Value,
): Compare<LoggedModelView> =>
  inTurn([
    ...order.map(({ field, descending }) => byTerm((view: LoggedModelView) => valueOf(field, view), descending)),
    byTerm((view: LoggedModelView) => view.model.creationTime, true),
    byTerm((view: LoggedModelView) => view.model.modelId, false),
  ]);

/** @param countOf how many of the items of a page fit into it. @param list tells this list from every other one. A token names the last item, so that a page goes on behind it. */
export function pageOf<Item>(
  sorted: readonly Item[],
  list: unknown,
  keyOf: (item: Item) => string,
  { pageSize, pageToken }: PageRequest,
  countOf: (items: readonly Item[]) => number = (items) => items.length,
): Page<Item> {
  const binding = JSON.stringify(list, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
  let start = 0;
  if (pageToken !== '') {
    const [of, last] = Buffer.from(pageToken, 'base64url').toString().split('\n');
    if (of !== binding)
      throw InvalidArgumentError.of('page_token', 'is not of this list', { reason: 'PAGE_TOKEN_INVALID' });
    start = sorted.findIndex((item) => keyOf(item) === last) + 1;
  }
  const full = sorted.slice(start, start + pageSize);
  const items = full.slice(0, countOf(full));
  const last = items.at(-1);
  if (sorted.length <= start + items.length || last === undefined) return { items };
  return { items, nextPageToken: Buffer.from(`${binding}\n${keyOf(last)}`).toString('base64url') };
}
