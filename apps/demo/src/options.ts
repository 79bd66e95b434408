import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Flights to train on; undefined means all. */
  readonly rows: number | undefined;
  readonly seed: number;
  /** About one of so many airports is taken. */
  readonly slice: number;
  /** Parquet file with the columns of `flights-3m.parquet`. */
  readonly data: string | undefined;
  /** Leave the server running at the end, and say how to reach it. */
  readonly keep: boolean;
  /** Print the closing table as JSON and nothing else on standard output. */
  readonly json: boolean;
  /** Calls during the swap. */
  readonly calls: number;
  /** Markdown file whose table is replaced by the closing table. */
  readonly paste: string | undefined;
  /** Seed of the moments at which the server is killed; undefined kills nobody. */
  readonly chaos: number | undefined;
  readonly help: boolean;
}

export const DEMO_HELP = `npm run demo -- [options]

  --rows N    join and train on a fixed sample of N flights instead of all 1.5 million
  --slice N   take about one of N airports, e.g. 16: 170 thousand flights, and a story of half a minute
  --seed N    seed of the sample and of the training (default 1)
  --data F    read flights from this Parquet file
  --calls N   calls during the swap (default 10000)
  --keep      leave the server running and say how to reach it
  --chaos N   kill the server every few seconds, at moments that follow from the seed N; what comes out is the same
  --json      print the closing table as JSON
  --paste F   put the closing table in the place that this Markdown file has for it
`;

/** @throws {Error} that names the option and what it takes. */
export function readDemoOptions(argv: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: 'string' },
      slice: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      data: { type: 'string' },
      calls: { type: 'string', default: '10000' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      paste: { type: 'string' },
      chaos: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    rows: values.rows === undefined ? undefined : readCount('--rows', values.rows, 1_000),
    slice: readCount('--slice', values.slice, 1),
    seed: readCount('--seed', values.seed, 0),
    data: values.data,
    calls: readCount('--calls', values.calls, 100),
    keep: values.keep,
    json: values.json,
    paste: values.paste,
    chaos: values.chaos === undefined ? undefined : readCount('--chaos', values.chaos, 0),
    help: values.help,
  };
}

function readCount(option: string, text: string, min: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > 100_000_000) {
    throw new Error(`${option} takes a whole number from ${min} to 100000000, not '${text}'`);
  }
  return value;
}
