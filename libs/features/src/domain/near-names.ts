const NAMES_MAX = 3;

/** Names that differ from the one asked for by a few letters, nearest first; at most three. */
export function nearNames(asked: string, known: readonly string[]): readonly string[] {
  const bound = Math.max(2, Math.floor(asked.length / 3));
  return known
    .map((name) => ({ name, distance: editDistance(asked.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= bound)
    .sort((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1))
    .slice(0, NAMES_MAX)
    .map(({ name }) => name);
}

/** `; did you mean 'a' or 'b'?`, or nothing. */
export function didYouMean(asked: string, known: readonly string[]): string {
  const near = nearNames(asked, known);
  return near.length === 0 ? '' : `; did you mean ${near.map((name) => `'${name}'`).join(' or ')}?`;
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
