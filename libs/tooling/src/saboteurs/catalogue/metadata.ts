import type { Saboteur } from '../saboteur.ts';

const SOURCE = 'libs/persistence/src';
const UNIT_OF_WORK = [`${SOURCE}/unit-of-work/unit-of-work.spec.ts`];
const RELAY = [`${SOURCE}/outbox/outbox-relay.spec.ts`];
const CONSUMER = [`${SOURCE}/consumer/event-consumer.spec.ts`];
const AUDIT = [`${SOURCE}/audit/audit.spec.ts`];
const PAGING = [`${SOURCE}/paging/paging.spec.ts`];
const COLUMNS = [`${SOURCE}/columns/columns.spec.ts`];

/** Transactions, outbox, relay, consumers, audit trail, pages and columns. */
export const METADATA_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'events are written after the commit, in a transaction of their own',
    file: `${SOURCE}/unit-of-work/create-unit-of-work.ts`,
    find: `    await outbox.write(session.sql);
    await audit.write(session.sql);
    atStep?.('before-commit');
    return answer;
  });
  atStep?.('after-commit');
`,
    replace: `    await audit.write(session.sql);
    atStep?.('before-commit');
    return answer;
  });
  atStep?.('after-commit');
  await database.write(({ sql }) => outbox.write(sql));
`,
    suites: UNIT_OF_WORK,
  },
  {
    name: 'audit rows are written after the commit, in a transaction of their own',
    file: `${SOURCE}/unit-of-work/create-unit-of-work.ts`,
    find: `    await audit.write(session.sql);
    atStep?.('before-commit');
    return answer;
  });
  atStep?.('after-commit');
`,
    replace: `    atStep?.('before-commit');
    return answer;
  });
  atStep?.('after-commit');
  await database.write(({ sql }) => audit.write(sql));
`,
    suites: UNIT_OF_WORK,
  },
  {
    name: 'a repeated request id runs the work again',
    file: `${SOURCE}/unit-of-work/once-per-request.ts`,
    find: 'if (inserted === 0) return (await readAnswer({ sql }, key, fingerprint)) as Answer;',
    replace: 'if (inserted === 0) await readAnswer({ sql }, key, fingerprint);',
    suites: UNIT_OF_WORK,
  },
  {
    name: 'a request id may be used for another request',
    file: `${SOURCE}/unit-of-work/once-per-request.ts`,
    find: 'if (row?.fingerprint !== fingerprint) {',
    replace: "if (!row || fingerprint === '') {",
    suites: UNIT_OF_WORK,
  },
  {
    name: 'the inbox takes every event for a new one',
    file: `${SOURCE}/unit-of-work/create-unit-of-work.ts`,
    find: 'return inserted === 1;',
    replace: 'return inserted <= 1;',
    suites: UNIT_OF_WORK,
  },
  {
    name: 'a consumer does not ask the inbox',
    file: `${SOURCE}/consumer/event-consumer.ts`,
    find: 'if (!(await tx.inbox.firstTime(durable, envelope.id))) return false;',
    replace: 'await tx.inbox.firstTime(durable, envelope.id);',
    suites: CONSUMER,
  },
  {
    name: 'a consumer acknowledges what its handler failed on',
    file: `${SOURCE}/consumer/event-consumer.ts`,
    find: `'handling an event failed');
      throw error;`,
    replace: "'handling an event failed');",
    suites: CONSUMER,
  },
  {
    name: 'a consumer drops what is no event',
    file: `${SOURCE}/consumer/event-consumer.ts`,
    find: 'await bus.publish([deadLetter(delivery, read.error)], signal);',
    replace: 'deadLetter(delivery, read.error);',
    suites: CONSUMER,
  },
  {
    name: 'a consumer takes its workspace from its settings and not from the event',
    file: `${SOURCE}/consumer/event-consumer.ts`,
    find: 'workspace: envelope.workspace,',
    replace: "workspace: 'default',",
    suites: CONSUMER,
  },
  {
    name: 'the relay marks before the broker has acknowledged',
    file: `${SOURCE}/outbox/outbox-relay.ts`,
    find: 'const receipts = await bus.publish(messages, signal);',
    replace: `void bus.publish(messages, signal).catch(() => undefined);
      const receipts = messages.map(({ id }) => ({ id, sequence: 0n, duplicate: false }));`,
    suites: RELAY,
  },
  {
    name: 'the relay marks without asking whose partition it is',
    file: `${SOURCE}/outbox/outbox-rows.ts`,
    find: `where slipway_outbox.position = v.column1 and exists
         (select 1 from slipway_outbox_lease l where l.partition = ? and l.owner = ? and l.epoch = ?)`,
    replace: `where slipway_outbox.position = v.column1 and ? >= 0 and ? <> '' and ? >= 0`,
    suites: RELAY,
  },
  {
    name: 'a lease that is taken over keeps its epoch',
    file: `${SOURCE}/outbox/partition-leases.ts`,
    find: 'const next = BigInt(epoch) + 1n;',
    replace: 'const next = BigInt(epoch);',
    suites: RELAY,
  },
  {
    name: 'the relay takes partitions that another one holds',
    file: `${SOURCE}/outbox/partition-leases.ts`,
    find: 'rows.filter((row) => BigInt(row.until) <= now)',
    replace: 'rows.filter((row) => row.owner !== owner)',
    suites: RELAY,
  },
  {
    name: 'the relay compares with the log of the bus only once',
    file: `${SOURCE}/outbox/outbox-relay.ts`,
    find: 'if (this.#head === undefined || clock.monotonicMs() >= this.#due.reconcile) await this.reconcile();',
    replace: 'if (this.#head === undefined) await this.reconcile();',
    suites: RELAY,
  },
  {
    name: 'the relay does not notice a log that was cut',
    file: `${SOURCE}/outbox/outbox-rows.ts`,
    find: '(log_id = ? and bus_sequence > ?)',
    replace: '(log_id = ? and bus_sequence > ? + 1000000)',
    suites: RELAY,
  },
  {
    name: 'an event that the bus refuses holds back all others',
    file: `${SOURCE}/outbox/outbox-relay.ts`,
    find: `await this.#reject(only, error);
      return [];`,
    replace: 'throw error;',
    suites: RELAY,
  },
  {
    name: 'events that were never published are purged',
    file: `${SOURCE}/outbox/outbox-rows.ts`,
    find: 'where published_at is not null and published_at < ? order by published_at limit',
    replace: 'where created_at < ? order by created_at limit',
    suites: RELAY,
  },
  {
    name: 'the audit hash leaves out the row before',
    file: `${SOURCE}/audit/audit-record.ts`,
    find: "createHash('sha256').update(record.previousHash).update(",
    replace: "createHash('sha256').update(",
    suites: AUDIT,
  },
  {
    name: 'the audit hash leaves out the details',
    file: `${SOURCE}/audit/audit-record.ts`,
    find: '    details: record.details,\n',
    replace: '',
    suites: AUDIT,
  },
  {
    name: 'edited audit rows are not noticed',
    file: `${SOURCE}/audit/verify-audit.ts`,
    find: 'if (record.hash !== hashAuditRecord(record)) {',
    replace: 'if (record.hash.length !== hashAuditRecord(record).length) {',
    suites: AUDIT,
  },
  {
    name: 'audit rows cut off at the end are not noticed',
    file: `${SOURCE}/audit/verify-audit.ts`,
    find: 'if (head.sequence !== chain.sequence || head.hash !== chain.hash) {',
    replace: 'if (head.sequence < chain.sequence) {',
    suites: AUDIT,
  },
  {
    name: 'a page token fits another workspace',
    file: `${SOURCE}/paging/page-token.ts`,
    find: 'canonicalJson([query.method, query.workspace, ',
    replace: 'canonicalJson([query.method, ',
    suites: PAGING,
  },
  {
    name: 'a page token fits another filter',
    file: `${SOURCE}/paging/page-token.ts`,
    find: 'query.workspace, query.filter ?? null, query.orderBy',
    replace: 'query.workspace, query.orderBy',
    suites: PAGING,
  },
  {
    name: 'the next page repeats the last row',
    file: `${SOURCE}/paging/list-order.ts`,
    find: "direction === 'asc' ? '$gt' : '$lt'",
    replace: "direction === 'asc' ? '$gte' : '$lte'",
    suites: PAGING,
  },
  {
    name: 'int64 goes through a number when it is read',
    file: `${SOURCE}/database/sqlite-dialect.ts`,
    find: 'if (Number.isSafeInteger(narrow)) row[column] = narrow;',
    replace: 'row[column] = narrow;',
    suites: COLUMNS,
  },
  {
    name: 'int64 goes through a number when it is written',
    file: `${SOURCE}/columns/int64-column.ts`,
    find: 'return stored.toString();',
    replace: 'return Number(stored).toString();',
    suites: COLUMNS,
  },
  {
    name: 'NaN becomes another number',
    file: `${SOURCE}/columns/float64-column.ts`,
    find: 'Number.isNaN(value) ? CANONICAL_NAN : view.getBigInt64(0)',
    replace: 'Number.isNaN(value) ? 0n : view.getBigInt64(0)',
    suites: COLUMNS,
  },
  {
    name: 'negative doubles sort by magnitude',
    file: `${SOURCE}/columns/float64-column.ts`,
    find: 'return bits >= 0n ? bits : INT64_SIGN - bits - 1n;',
    replace: 'return bits;',
    suites: COLUMNS,
  },
];
