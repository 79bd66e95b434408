const NAMES_MAX = 3;

/** `; did you mean 'a' or 'b'?` with the names that differ by a few letters, nearest first; or nothing. */
export function didYouMean(asked: string, known: readonly string[]): string {
  const bound = Math.max(2, Math.floor(asked.length / 3));
  const near = known
    .map((name) => ({ name, distance: lettersApart(asked.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= bound)
    .sort((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1))
    .slice(0, NAMES_MAX);
  return near.length === 0 ? '' : `; did you mean ${near.map(({ name }) => `'${name}'`).join(' or ')}?`;
}

/** Letters to insert, delete or exchange. */
function lettersApart(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 0; at < left.length; at += 1) {
    const next = [at + 1];
    for (let column = 0; column < right.length; column += 1) {
      const exchange = (row[column] ?? 0) + (left[at] === right[column] ? 0 : 1);
      next.push(Math.min(exchange, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
