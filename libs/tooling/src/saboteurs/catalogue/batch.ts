import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/batch/src/domain';
const STORE = 'libs/batch/src/store';
const WORKER = 'libs/batch-worker/src';
const PARTITION = [`${DOMAIN}/domain.spec.ts`];
const FILES = [`${STORE}/local-job-files.spec.ts`];
const WHOLE = ['libs/batch/src/service/batch-service.spec.ts'];
const SCORING = [`${WORKER}/scoring-worker.spec.ts`];

/** Every row scored once and published once, whatever dies meanwhile. */
export const BATCH_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'the result of an earlier lease of a partition is accepted',
    file: `${DOMAIN}/partition.ts`,
    find: "partition.state === 'leased' && partition.epoch === epoch;",
    replace: "partition.state === 'leased' && partition.epoch >= epoch;",
    suites: PARTITION,
  },
  {
    name: 'a manifest replaces that of another job',
    file: `${STORE}/local-job-files.ts`,
    find: '{ ifAbsent: true }',
    replace: '{}',
    suites: FILES,
  },
  {
    name: 'a consumer is moved on before the manifest is written',
    file: `${DOMAIN}/use-cases/publish-job.ts`,
    find: '  const found = await repeatCall(',
    replace: `  const outgoing = { workspace, signal: handle.signal };
  await deps.features.commit(job.rows?.scoringSet ?? '', uri, outgoing);
  const found = await repeatCall(`,
    suites: WHOLE,
  },
  {
    name: 'rows that were replaced by as many bytes are scored',
    file: `${STORE}/local-job-files.ts`,
    find: "if (hash.digest('hex') !== sha256) throw lost(",
    replace: "if (received !== bytes || hash.digest('hex').length !== sha256.length) throw lost(",
    suites: FILES,
  },
  {
    name: 'a job that goes on plans its rows again',
    file: `${DOMAIN}/use-cases/begin-job.ts`,
    find: 'operationId, state: job.phase,',
    replace: "operationId, state: 'joining',",
    suites: WHOLE,
  },
  {
    name: 'bad rows are left out without a word',
    file: `${WORKER}/write-partition.ts`,
    find: 'const errors = failedRows === 0 ?',
    replace: 'const errors = failedRows >= 0 ?',
    suites: SCORING,
  },
  {
    name: 'a batch is scored with another package of the version',
    file: `${WORKER}/scoring-worker.ts`,
    find: 'if (scorer.digest === digest) return scorer;',
    replace: 'if (scorer.digest.length === digest.length) return scorer;',
    suites: SCORING,
  },
];
