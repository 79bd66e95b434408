import type { Ingestion__Output } from '@slipway/contracts/slipway.features.v1';
import { formatMicros, type Micros } from '@slipway/kernel';
import { z } from 'zod';
import { stepRefused } from '../domain/errors.ts';
import { HOUR_MS, stepKind, type Fillable, type StepKind } from '../domain/step-kind.ts';
import { microsOf, moment, name } from './fields.ts';
import { within, type PipelineClients } from './services.ts';

/** Ingestions that are looked at; more are refused rather than half of them judged. */
const INGESTIONS_MAX = 10_000;
const PAGE_SIZE = 1_000;

const schema = (value: Fillable) =>
  z.strictObject({
    source: value(name),
    /** Looks only at ingestions with rows from this time on, and before that. */
    from: value(moment).optional(),
    until: value(moment).optional(),
    rowsMin: value(z.number().int().min(0)).default(1),
    /** Of all rows that came. */
    quarantinedShareMax: value(z.number().min(0).max(1)).optional(),
    /** The newest row must be of this time or a later one. */
    newestAtLeast: value(moment).optional(),
    /** Breaches of these rules, e.g. `delay required`, are not borne at all. */
    forbiddenBreaches: z.array(value(z.string())).max(100).default([]),
  });
type Input = z.output<ReturnType<typeof schema>>;

/** Whether the rows of a source are worth to be learned from; a refusal ends the run before anything is made of them. */
export const validateKind = ({ features }: Pick<PipelineClients, 'features'>): StepKind =>
  stepKind<Input>({
    kind: 'validate',
    timeoutMs: HOUR_MS,
    results: ['rows', 'quarantined_rows', 'newest'],
    schema,
    execute: async (input, context) => {
      const found = await ingestionsOf(within(features, context), input);
      const rows = sum(found, ({ accepted_rows: accepted }) => accepted);
      const quarantined = sum(found, ({ quarantined_rows: refused }) => refused);
      const newest = found.map(lastOf).reduce<Micros | undefined>(later, undefined);
      const problems = judge(input, { rows, quarantined, newest, breaches: breachesOf(found) });
      if (problems.length > 0) throw stepRefused('DATA_INVALID', `source '${input.source}': ${problems.join('; ')}`);
      const shown = newest === undefined ? '' : formatMicros(newest);
      return {
        rows: rows.toString(),
        quarantined_rows: quarantined.toString(),
        newest: shown,
        message: `${rows} rows of '${input.source}', ${quarantined} in quarantine, the newest of ${shown || 'no time'}`,
      };
    },
  });

async function ingestionsOf(
  features: Pick<PipelineClients['features'], 'listIngestions'>,
  { source, from, until }: Input,
): Promise<readonly Ingestion__Output[]> {
  const found: Ingestion__Output[] = [];
  for (let page_token = ''; ;) {
    const page = await features.listIngestions({ source, page_size: PAGE_SIZE, page_token });
    found.push(...page.ingestions);
    page_token = page.next_page_token;
    if (page_token === '') break;
    if (found.length >= INGESTIONS_MAX)
      throw stepRefused('DATA_INVALID', `source '${source}' has more than ${INGESTIONS_MAX} ingestions`);
  }
  return found.filter((each) => {
    const [first, last] = [each.first_event_time, each.last_event_time];
    if (!first || !last) return from === undefined && until === undefined;
    return (from === undefined || microsOf(last) >= from) && (until === undefined || microsOf(first) < until);
  });
}

const sum = (found: readonly Ingestion__Output[], count: (each: Ingestion__Output) => string): bigint =>
  found.reduce((total, each) => total + BigInt(count(each)), 0n);
const lastOf = ({ last_event_time: last }: Ingestion__Output): Micros | undefined =>
  last ? microsOf(last) : undefined;
const later = (left: Micros | undefined, right: Micros | undefined): Micros | undefined =>
  left === undefined || (right !== undefined && right > left) ? right : left;

const breachesOf = (found: readonly Ingestion__Output[]): ReadonlyMap<string, bigint> => {
  const rows = new Map<string, bigint>();
  for (const { column, rule, rows: count } of found.flatMap(({ breaches }) => breaches)) {
    rows.set(`${column} ${rule}`, (rows.get(`${column} ${rule}`) ?? 0n) + BigInt(count));
  }
  return rows;
};

interface Seen {
  readonly rows: bigint;
  readonly quarantined: bigint;
  readonly newest: Micros | undefined;
  readonly breaches: ReadonlyMap<string, bigint>;
}

/** @returns what is wrong, each in one clause with its numbers. */
function judge(input: Input, { rows, quarantined, newest, breaches }: Seen): readonly string[] {
  const problems: string[] = [];
  if (rows < BigInt(input.rowsMin)) problems.push(`${rows} rows, at least ${input.rowsMin} are wanted`);
  const all = Number(rows + quarantined);
  const share = all === 0 ? 0 : Number(quarantined) / all;
  if (input.quarantinedShareMax !== undefined && share > input.quarantinedShareMax)
    problems.push(
      `${(share * 100).toFixed(2)} % are in quarantine, at most ${input.quarantinedShareMax * 100} % are borne`,
    );
  if (input.newestAtLeast !== undefined && (newest === undefined || newest < input.newestAtLeast)) {
    const shown = newest === undefined ? 'there is no row' : `the newest row is of ${formatMicros(newest)}`;
    problems.push(`${shown}, one of ${formatMicros(input.newestAtLeast)} or later is wanted`);
  }
  for (const rule of input.forbiddenBreaches) {
    const count = breaches.get(rule) ?? 0n;
    if (count > 0n) problems.push(`${count} rows break '${rule}'`);
  }
  return problems;
}
