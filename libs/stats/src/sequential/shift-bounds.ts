/** E-value after each of the given differences; see `signFlipEvidence` and `tEvidence`. */
export type Evidence = (differences: readonly number[]) => readonly number[];

export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** Steps of the search on each side, in the ratio of the square root of 2, from the narrowest to the widest. */
const STEPS = 48;
/** The widest shift that is tried, in spreads of the differences. */
const SPREADS = 2 ** 14;
/** Halvings of the last step: to a part in a billion of it. */
const HALVINGS = 30;

/**
 * Bounds of the difference that hold at every look together, with confidence 1 - alpha: the shifts that the test does not refuse today. They have
 * the assumptions of the test, for a difference that is the same for every day, and leave 0 out when the test decides. Days can refuse a shift and
 * not a wider one; the bounds are the outermost ones that are not refused, as far as the grid of the search sees.
 * @param differences finite. @param alpha in (0, 1). @returns infinite bounds while days are too few to refuse anything.
 */
export function shiftBounds(evidence: Evidence, differences: readonly number[], alpha: number): Bounds {
  if (differences.length === 0) return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  const centre = differences.reduce((sum, each) => sum + each, 0) / differences.length;
  const spread = Math.max(...differences.map((each) => Math.abs(each - centre)), Math.abs(centre) * 1e-9, 1e-300);
  const isKept = (distance: number): boolean =>
    (evidence(differences.map((each) => each - (centre + distance))).at(-1) ?? 1) < 1 / alpha;
  const widest = spread * SPREADS;
  const steps = Array.from({ length: STEPS + 1 }, (_, step) => widest * 2 ** (-step / 2));
  const grid = [...steps, 0, ...steps.toReversed().map((distance) => -distance)];
  const upper = outermost(isKept, grid);
  const lower = outermost(isKept, grid.toReversed());
  return { lower: centre + lower, upper: centre + upper };
}

/** @param grid from outside to inside. @returns where it begins to be kept; infinite on the outside, 0 when nothing is kept. */
function outermost(isKept: (distance: number) => boolean, grid: readonly number[]): number {
  const first = grid.findIndex(isKept);
  if (first < 0) return 0;
  const [kept = 0, refused] = [grid[first], grid[first - 1]];
  return refused === undefined ? kept * Number.POSITIVE_INFINITY : bisect(isKept, kept, refused);
}

/** @returns the last refused one: bounds are rather too wide. */
function bisect(isKept: (distance: number) => boolean, kept: number, refused: number): number {
  let [inside, outside] = [kept, refused];
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (inside + outside) / 2;
    if (isKept(middle)) inside = middle;
    else outside = middle;
  }
  return outside;
}
