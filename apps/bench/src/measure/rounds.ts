/** One side of a comparison: measures once and says what it saw. */
export type Contender<Measured> = () => Promise<Measured>;

/**
 * Measures all contenders in every round, one after the other, so that the machine's moods fall on all of them alike; odd rounds go
 * backwards, so that none always runs after the same one. The first, unrecorded round warms them up.
 * @param onRound told before each recorded round, from 1.
 */
export async function interleave<Name extends string, Measured>(
  contenders: Readonly<Record<Name, Contender<Measured>>>,
  rounds: number,
  options: {
    readonly warmUp: boolean;
    readonly onRound: (round: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<Record<Name, Measured[]>> {
  const names = Object.keys(contenders) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Measured[]>;
  if (options.warmUp) for (const name of names) await contenders[name]();
  for (let round = 1; round <= rounds; round += 1) {
    options.onRound(round);
    for (const name of round % 2 === 0 ? names.toReversed() : names) {
      options.signal.throwIfAborted();
      measured[name].push(await contenders[name]());
    }
  }
  return measured;
}
