import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Short phases and one round: shows that every row still runs, and decides nothing. */
  readonly smoke: boolean;
  /** Names of the rows to run; empty means all. */
  readonly rows: readonly string[];
  readonly rounds: number;
  readonly seed: number;
  /** Where the results go as JSON. */
  readonly json: string | undefined;
  readonly help: boolean;
}

/** Fewer rounds give no spread worth printing. */
export const ROUNDS_DEFAULT = 7;

export const benchHelp = (rows: readonly { readonly name: string; readonly title: string }[]): string =>
  `npm run bench -- [options]

  --smoke       every row in a second or two, without verdicts
  --rows A,B    only these rows
  --rounds N    interleaved rounds of every row (default ${ROUNDS_DEFAULT})
  --seed N      seed of the inputs (default 1)
  --json FILE   write the results as JSON, too

rows:
${rows.map(({ name, title }) => `  ${name.padEnd(12)}  ${title}`).join('\n')}
`;

/** @throws {Error} that names the option and what it takes. */
export function readBenchOptions(argv: readonly string[], known: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      smoke: { type: 'boolean', default: false },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const rows = values.rows === undefined ? [] : values.rows.split(',').map((name) => name.trim());
  const unknown = rows.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`--rows: there is no row ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const roundsDefault = values.smoke ? 1 : ROUNDS_DEFAULT;
  return {
    smoke: values.smoke,
    rows,
    rounds: values.rounds === undefined ? roundsDefault : readWhole('--rounds', values.rounds, 1, 1_000),
    seed: readWhole('--seed', values.seed, 0, 2 ** 32 - 1),
    json: values.json,
    help: values.help,
  };
}

function readWhole(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Error(`${option} takes a whole number from ${min} to ${max}, not '${text}'`);
  return value;
}
