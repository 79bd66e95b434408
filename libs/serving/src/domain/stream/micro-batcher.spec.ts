import { expect, it } from 'vitest';
import { MicroBatcher, type Outcome } from './micro-batcher.ts';

interface Item {
  readonly key: string;
  readonly id: number;
}

/** Batches end when the test says so. */
function batcher(rowsMax: number) {
  const batches: {
    readonly items: readonly Item[];
    end(outcomes?: readonly Outcome[]): void;
    fail(error: Error): void;
  }[] = [];
  const made = new MicroBatcher<Item>({
    rowsMax,
    keyOf: ({ key }) => key,
    run: (items) =>
      new Promise(
        (resolve, reject) => void batches.push({ items, end: (outcomes = []) => resolve(outcomes), fail: reject }),
      ),
  });
  return { made, batches };
}
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const idsOf = (items: readonly Item[] | undefined) => items?.map(({ id }) => id);

it('makes one batch of what comes in one turn, and the next of what came meanwhile, up to the bound', async () => {
  const { made, batches } = batcher(3);
  const added = [0, 1].map((id) => made.add({ key: `${id}`, id }));
  await turn();
  expect(batches.map(({ items }) => idsOf(items))).toEqual([[0, 1]]);
  added.push(...[2, 3, 4, 5].map((id) => made.add({ key: `${id}`, id })));
  await turn();
  expect(batches).toHaveLength(1);
  batches[0]?.end();
  await turn();
  await turn();
  expect(batches.map(({ items }) => idsOf(items))).toEqual([
    [0, 1],
    [2, 3, 4],
  ]);
  batches[1]?.end();
  await turn();
  await turn();
  batches[2]?.end();
  await Promise.all(added);
  expect(idsOf(batches[2]?.items)).toEqual([5]);
});

it('fails what waits behind a failed item of its key, and nothing else', async () => {
  const { made, batches } = batcher(2);
  const settled: string[] = [];
  const add = (key: string, id: number) =>
    made.add({ key, id }).then(() => settled.push(`${id} well`), (error: Error) => settled.push(`${id} ${error.message}`)); // prettier-ignore
  const all = [add('a', 0), add('b', 1), add('a', 2), add('b', 3), add('a', 4)];
  await turn();
  batches[0]?.end([{ error: new Error('no') }, undefined]);
  await turn();
  await turn();
  expect(idsOf(batches[1]?.items)).toEqual([3]);
  batches[1]?.end();
  await Promise.all(all);
  expect(settled.toSorted()).toEqual(['0 no', '1 well', '2 no', '3 well', '4 no']);
  const later = add('a', 5); // what comes after that is not behind it
  await turn();
  batches[2]?.fail(new Error('broken'));
  await later;
  expect(settled.at(-1)).toBe('5 broken');
});
