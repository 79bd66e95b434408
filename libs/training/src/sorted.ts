import type { Steps } from './steps.ts';

const PIECE = 16_384;

/** A sorted copy, ascending, in pieces: short sorts, then merges of neighbours. NaN is not expected. */
export function* sortedSteps(values: Float64Array): Steps<Float64Array> {
  let from = values.slice();
  let into = new Float64Array(values.length);
  for (let start = 0; start < from.length; start += PIECE) {
    from.subarray(start, start + PIECE).sort();
    yield 0;
  }
  for (let width = PIECE; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width) {
      yield* mergeSteps(
        from,
        into,
        start,
        Math.min(start + width, from.length),
        Math.min(start + 2 * width, from.length),
      );
    }
    [from, into] = [into, from];
  }
  return from;
}

/** Merges `[start, middle)` and `[middle, end)` of `from` to the same place of `into`. */
function* mergeSteps(from: Float64Array, into: Float64Array, start: number, middle: number, end: number): Steps<void> {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at += 1) {
    const takeLeft = left < middle && (right >= end || (from[left] ?? 0) <= (from[right] ?? 0));
    into[at] = (takeLeft ? from[left++] : from[right++]) ?? 0;
    if ((at & 0xffff) === 0xffff) yield 0;
  }
}
