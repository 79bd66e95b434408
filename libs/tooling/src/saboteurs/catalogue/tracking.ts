import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/tracking/src/domain';
const STORE = 'libs/tracking/src/store';
const STORE_CONTRACT = [`${STORE}/tracking-store.spec.ts`];

/** Points once and exact, parameters that stay, deleted runs that take nothing, and searches that find what they say. */
export const TRACKING_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a point that comes again is stored twice',
    file: `${STORE}/append-points.ts`,
    find: 'parameters.push(workspace, number, step, timestamp, value);',
    replace: 'parameters.push(workspace, number, step, timestamp + BigInt(parameters.length), value);',
    suites: STORE_CONTRACT,
  },
  {
    name: 'NaN is lost from a metric',
    file: `${STORE}/append-points.ts`,
    find: 'value: encodeFloat64(value),',
    replace: 'value: encodeFloat64(value || 0),',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a step goes through a double',
    file: `${STORE}/append-points.ts`,
    find: 'step: BigInt(row.step),',
    replace: 'step: BigInt(Number(row.step)),',
    suites: STORE_CONTRACT,
  },
  {
    name: 'the latest point is the one of the latest time',
    file: `${STORE}/append-points.ts`,
    find: "'(excluded.step, excluded.timestamp, excluded.value) > (s.step, s.timestamp, s.value)'",
    replace: "'(excluded.timestamp, excluded.step, excluded.value) > (s.timestamp, s.step, s.value)'",
    suites: STORE_CONTRACT,
  },
  {
    name: 'the latest point of one call is its last one',
    file: `${STORE}/append-points.ts`,
    find: 'if (isLater(stored, series.latest)) series.latest = stored;',
    replace: 'series.latest = stored;',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a stream writes to a deleted run',
    file: `${STORE}/append-points.ts`,
    find: 'rows.filter(({ deleted }) => !deleted)',
    replace: 'rows.filter(({ run_id }) => ids.includes(run_id))',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a batch writes to a deleted run',
    file: `${DOMAIN}/lookup.ts`,
    find: '  assertActive(run);\n',
    replace: '',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a changed parameter is dropped silently',
    file: `${DOMAIN}/use-cases/log-batch.ts`,
    find: '      if (known !== undefined && known !== value) throw paramChanged(runId, key, known, value);\n',
    replace: '',
    suites: STORE_CONTRACT,
  },
  {
    name: 'points are acknowledged before their commit',
    file: `${DOMAIN}/metric-writer.ts`,
    find: 'const refused = await this.#append(workspace, pendings);',
    replace: `void this.#append(workspace, pendings).catch(() => undefined);
      const refused: ReadonlyMap<string, 'absent' | 'deleted'> = new Map();`,
    suites: STORE_CONTRACT,
  },
  {
    name: 'a finished run says so again with every change',
    file: `${DOMAIN}/run.ts`,
    find: 'if (isFinal(before.status) || !isFinal(after.status)) return undefined;',
    replace: 'if (!isFinal(after.status)) return undefined;',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a searched text is pasted into the statement',
    file: `${STORE}/condition-sql.ts`,
    find: 'return part(`${sql} = ?`, test.value);',
    replace: "return part(`${sql} = '${test.value}'`);",
    suites: STORE_CONTRACT,
  },
  {
    name: 'NaN is greater than any number that is searched for',
    file: `${STORE}/condition-sql.ts`,
    find: 'return sqlPart(`${column} > ? and ${column} < ?`, highest, STORED_NAN);',
    replace: 'return sqlPart(`${column} > ?`, highest);',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a search finds runs of other workspaces',
    file: `${STORE}/run-search.ts`,
    find: "sqlPart('r.workspace = ?', workspace),",
    replace: "sqlPart('r.workspace >= ?', ''),",
    suites: STORE_CONTRACT,
  },
];
