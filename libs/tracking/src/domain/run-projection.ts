import type { Experiment, Tags } from './experiment.ts';
import type { RunView } from './run.ts';

/** Keys of one kind; `all` is all that there are. */
export type KeyChoice = 'all' | readonly string[];

/** What of each run a search answers with, beside its attributes. */
export interface RunProjection {
  readonly metrics: KeyChoice;
  readonly params: KeyChoice;
  readonly tags: KeyChoice;
  /** Datasets, and logged models read and made. */
  readonly inputs: boolean;
}

export const EVERYTHING: RunProjection = Object.freeze({ metrics: 'all', params: 'all', tags: 'all', inputs: true });

const NO_INPUTS = Object.freeze({ datasets: [], modelInputs: [], modelOutputs: [] });
const isAsked = (choice: KeyChoice, key: string): boolean => choice === 'all' || choice.includes(key);

/** What a projection leaves of a run. */
export function project(view: RunView, { metrics, params, tags, inputs }: RunProjection): RunView {
  const pick = (entries: Tags, choice: KeyChoice): Tags =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => isAsked(choice, key)));
  return {
    ...view,
    metrics: view.metrics.filter(({ key }) => isAsked(metrics, key)),
    params: pick(view.params, params),
    tags: pick(view.tags, tags),
    ...(inputs ? {} : NO_INPUTS),
  };
}

/** Estimated characters of one page of a list; as bytes it is at most three times as long, and still fits into a message. */
export const PAGE_CHARS_MAX = 16 * 1024 ** 2;
/** Numbers, ids and the frame of an entry. */
const ENTRY_CHARS = 32;

const entriesChars = (entries: Tags): number =>
  Object.entries(entries).reduce((sum, [key, value]) => sum + key.length + value.length + ENTRY_CHARS, 0);

/** How long a run is in a message, roughly. */
export function viewChars({ run, params, tags, metrics, datasets }: RunView): number {
  const points = metrics.reduce((sum, { key }) => sum + key.length + ENTRY_CHARS, 0);
  const inputs = datasets.reduce(
    (sum, { dataset, tags: inputTags }) =>
      sum + Object.values(dataset).join('').length + entriesChars(inputTags) + ENTRY_CHARS,
    0,
  );
  return run.name.length + 10 * ENTRY_CHARS + entriesChars(params) + entriesChars(tags) + points + inputs;
}

/** How long an experiment is in a message, roughly. */
export const experimentChars = ({ name, tags }: Experiment): number =>
  name.length + 10 * ENTRY_CHARS + entriesChars(tags);

/** How many of the first items fit together; the first one always does. */
export function countFitting<Item>(items: readonly Item[], charsOf: (item: Item) => number, charsMax: number): number {
  let chars = 0;
  const end = items.findIndex((item, index) => (chars += charsOf(item)) > charsMax && index > 0);
  return end === -1 ? items.length : end;
}
