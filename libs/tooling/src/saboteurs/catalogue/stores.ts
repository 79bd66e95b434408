import type { Saboteur } from '../saboteur.ts';

const KIT = 'libs/plugin-kit/src';
const OFFLINE = 'libs/plugins/offline-store-duckdb/src';
const ONLINE = 'libs/plugins/online-store-lmdb/src';
const OFFLINE_CONTRACT = [`${OFFLINE}/duckdb-offline-store.spec.ts`];
const CONTENT_HASH = [`${OFFLINE}/content-hash.spec.ts`];
const ONLINE_CONTRACT = [`${ONLINE}/lmdb-online-store.spec.ts`];

/** Which row counts at which time, what a file holds afterwards, and which row stays online. */
export const STORE_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a join knows rows before they were created',
    file: `${OFFLINE}/point-in-time.ts`,
    find: 'buildIndex(session, view, createdCutoff, file);',
    replace: 'buildIndex(session, view, false, file);',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'a row of exactly the time to live is too old',
    file: `${OFFLINE}/point-in-time.ts`,
    find: 'i${number}.ev <= ${ttlMicros} THEN',
    replace: 'i${number}.ev < ${ttlMicros} THEN',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'a row of the very time of the entity row does not count',
    file: `${OFFLINE}/point-in-time.ts`,
    find: 'END >= i${number}.since`',
    replace: 'END > i${number}.since`',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'equal entity rows become one',
    file: `${OFFLINE}/typed-rows.ts`,
    find: "`(SELECT rn, ${columns.map(({ cast }, index) => `${cast} AS c${index}`).join(', ')} FROM ${source.relation})`",
    replace:
      "`(SELECT min(rn) AS rn, ${columns.map(({ cast }, index) => `${cast} AS c${index}`).join(', ')} FROM ${source.relation} GROUP BY ALL)`",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'ties are broken without the created time',
    file: `${OFFLINE}/view-index.ts`,
    find: "createdCutoff ? 'kn, ev, cr, ar' : 'ev, cr, ar'",
    replace: "createdCutoff ? 'kn, ev, ar' : 'ev, ar'",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'of equal rows the one that arrived first counts',
    file: `${OFFLINE}/view-index.ts`,
    find: "createdCutoff ? 'kn, ev, cr, ar' : 'ev, cr, ar'",
    replace: "createdCutoff ? 'kn, ev, cr, ar DESC' : 'ev, cr, ar DESC'",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'a row that became known late wins over a later event',
    file: `${OFFLINE}/view-index.ts`,
    find: "const counts = createdCutoff ? `AND ev = running` : '';",
    replace: "const counts = '';",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'where the row that counts has a null an older value is joined',
    file: `${OFFLINE}/view-index.ts`,
    find: "kn${values.map((value, index) => `, ${value} AS f${index}`).join('')}, `",
    replace:
      "kn${values.map((value, index) => `, last_value(${value} IGNORE NULLS) OVER walk AS f${index}`).join('')}, `",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'a join leaves out the row at the beginning of a window',
    file: `${OFFLINE}/view-index.ts`,
    find: 'RANGE BETWEEN ${micros} PRECEDING',
    replace: 'RANGE BETWEEN ${micros > 0n ? micros - 1n : micros} PRECEDING',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'the latest rows leave out the row at the beginning of a window',
    file: `${OFFLINE}/latest.ts`,
    find: 'r.kn BETWEEN w.kn - ${micros} AND w.kn)',
    replace: 'r.kn > w.kn - ${micros} AND r.kn <= w.kn)',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'a late row hides the key that it belongs to',
    file: `${OFFLINE}/latest.ts`,
    find: 'WHERE newest > ${arrivedAfter}`',
    replace: 'WHERE w.a > ${arrivedAfter}`',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'the content hash depends on how rows are cut into chunks',
    file: `${OFFLINE}/content-hash.ts`,
    find: '    this.#rows += chunk.rowCount;\n',
    replace: '    this.#rows += chunk.rowCount;\n    this.#streams[0]?.presence.update(`${chunk.rowCount}`);\n',
    suites: CONTENT_HASH,
  },
  {
    name: 'the content hash takes null for zero',
    file: `${OFFLINE}/content-hash.ts`,
    find: '        presence[row] = 0;\n',
    replace: '',
    suites: CONTENT_HASH,
  },
  {
    name: 'rejected rows count as accepted',
    file: `${OFFLINE}/ingest.ts`,
    find: '    acceptedRows: Number(accepted),\n',
    replace: '    acceptedRows: Number(total),\n',
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'rejected rows leave gaps in the arrival numbers',
    file: `${OFFLINE}/ingest.ts`,
    find: "result.rejectedRows === 0\n      ? 'rn'",
    replace: "result.rejectedRows >= 0\n      ? 'rn'",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'rejected rows are in the accepted file, too',
    file: `${OFFLINE}/ingest.ts`,
    find: "FROM checked WHERE NOT (${anyBreach(checks)}) ${checks.joined ? `ORDER BY ${ARRIVAL}` : ''}",
    replace: "FROM checked ${checks.joined ? `ORDER BY ${ARRIVAL}` : ''}",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'an output replaces a file that has appeared in the meantime',
    file: `${OFFLINE}/output-file.ts`,
    find: 'await link(this.attempt, this.path);',
    replace: "await (await import('node:fs/promises')).rename(this.attempt, this.path);",
    suites: OFFLINE_CONTRACT,
  },
  {
    name: 'a row equal in its order is stored again',
    file: `${ONLINE}/row-database.ts`,
    find: 'if (known && compareOnlineOrder(orderOf(known), row) >= 0) continue;',
    replace: 'if (known && compareOnlineOrder(orderOf(known), row) > 0) continue;',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'an older row takes the place of a newer one',
    file: `${ONLINE}/row-database.ts`,
    find: '      if (known && compareOnlineOrder(orderOf(known), row) >= 0) continue;\n',
    replace: '',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'the created time does not count online',
    file: `${KIT}/online-store-rules.ts`,
    find: '  if (a.createdTime !== b.createdTime) return a.createdTime < b.createdTime ? -1 : 1;\n',
    replace: '',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'the arrival does not count online',
    file: `${KIT}/online-store-rules.ts`,
    find: '  if (a.arrival !== b.arrival) return a.arrival < b.arrival ? -1 : 1;\n',
    replace: '',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'workspaces share the rows of a view',
    file: `${ONLINE}/row-key.ts`,
    find: '[table.workspace, table.view, table.schema]',
    replace: '[table.view, table.schema]',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'names that read the same when joined share their rows',
    file: `${ONLINE}/row-key.ts`,
    find: '      this.#buffer[at] = written;\n',
    replace: '      this.#buffer[at] = 0;\n',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'online rows are acknowledged before their commit',
    file: `${ONLINE}/row-database.ts`,
    find: 'this.#database.transactionSync(step);',
    replace: 'void this.#database.transaction(step);',
    suites: ONLINE_CONTRACT,
  },
  {
    name: 'a read is of the time before an acknowledged write',
    file: `${ONLINE}/row-database.ts`,
    find: 'if (isFirst) this.#database.resetReadTxn();',
    replace: 'if (isFirst && keys.length === 0) this.#database.resetReadTxn();',
    suites: ONLINE_CONTRACT,
  },
];
