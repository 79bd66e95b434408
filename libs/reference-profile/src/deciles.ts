/** A selection that has not ended after so many passes is left to a sort: no order of the values makes it slow. */
const PASSES_MAX = 64;

/**
 * The nine inner deciles, linear between neighbours (type 7 of Hyndman and Fan, as numpy has it), equal and infinite ones left out.
 * Yields between passes over the values. @param values reordered; no NaN.
 */
export function* decilesSteps(values: Float64Array): Generator<number, number[], void> {
  const deciles = new Set<number>();
  let selected = 0; // values before are not above, those from here on are not below
  for (let tenth = 1; tenth <= 9 && values.length > 0; tenth += 1) {
    const place = ((values.length - 1) * tenth) / 10;
    const rank = Math.floor(place);
    yield* selectSteps(values, selected, rank);
    selected = rank;
    const low = values[rank] ?? 0;
    if (rank === place) deciles.add(low);
    else {
      yield* selectSteps(values, rank + 1, rank + 1);
      deciles.add(low + ((values[rank + 1] ?? low) - low) * (place - rank));
    }
  }
  return [...deciles].map((edge) => edge + 0).filter(Number.isFinite); // + 0: there is one zero in JSON
}

/** Puts the value of that rank in its place, smaller or equal ones before it; `from` is where values not below the ranks before start. */
function* selectSteps(values: Float64Array, from: number, rank: number): Generator<number, void, void> {
  let low = from;
  let high = values.length - 1;
  for (let pass = 0; low < high; pass += 1) {
    if (pass === PASSES_MAX) {
      values.subarray(low, high + 1).sort();
      return;
    }
    const [left, right] = partition(values, low, high);
    yield 0;
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else return;
  }
}

/** Hoare's partition around the median of three: [low, right] are not above, [left, high] not below, what is between equals the pivot. */
function partition(values: Float64Array, low: number, high: number): [left: number, right: number] {
  const [a, b, c] = [values[low] ?? 0, values[(low + high) >>> 1] ?? 0, values[high] ?? 0];
  const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  let left = low;
  let right = high;
  while (left <= right) {
    while ((values[left] ?? 0) < pivot) left += 1;
    while ((values[right] ?? 0) > pivot) right -= 1;
    if (left > right) break;
    const swapped = values[left] ?? 0;
    values[left] = values[right] ?? 0;
    values[right] = swapped;
    left += 1;
    right -= 1;
  }
  return [left, right];
}
