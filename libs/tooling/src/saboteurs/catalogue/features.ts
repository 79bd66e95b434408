import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/features/src/domain';
const STORE = 'libs/features/src/store';
const SERVICE = 'libs/features/src/service';
const WHOLE = [`${SERVICE}/features-service.spec.ts`];
const DAMAGE = [`${SERVICE}/damage.spec.ts`];
const ROWS = [`${DOMAIN}/online/row-codec.spec.ts`];
const SCORING_SETS = [`${SERVICE}/scoring-sets.spec.ts`];
const STORED_PREDICTIONS = [`${SERVICE}/stored-predictions.spec.ts`];
const ARRIVALS = 'libs/plugins/offline-store-duckdb/src/arrivals.ts';
const OFFLINE = ['libs/plugins/offline-store-duckdb/src/duckdb-offline-store.spec.ts'];

/** Rows in once, training sets by their content, and what is told of every online value. */
export const FEATURE_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a view counts as materialized before its rows are written',
    file: `${DOMAIN}/use-cases/materialize-views.ts`,
    find: '    const written = arrival > from ?',
    replace: `    await lease.change({ digest: view.digest, arrival });
    const written = arrival > from ?`,
    suites: DAMAGE,
  },
  {
    name: 'a content is ingested twice',
    file: `${STORE}/feature-reads.ts`,
    find: 'IngestionRow, { workspace, source, sha256 }, UNTRACKED',
    replace: 'IngestionRow, { workspace, source, id: sha256 }, UNTRACKED',
    suites: WHOLE,
  },
  {
    name: 'two processes give one arrival number to two rows',
    file: `${DOMAIN}/use-cases/ingest-rows.ts`,
    find: '  if (((await sources.get(source.name))?.arrival ?? 0n) !== arrival) return false;\n',
    replace: '  if (((await sources.get(source.name))?.arrival ?? 0n) < arrival) return false;\n',
    suites: DAMAGE,
  },
  {
    name: 'rows that break their contract are not kept',
    file: `${DOMAIN}/use-cases/ingest-rows.ts`,
    find: 'const rejected = result.rejectedRows > 0 ?',
    replace: 'const rejected = result.rejectedRows < 0 ?',
    suites: WHOLE,
  },
  {
    name: 'the announced digest of a file is not compared',
    file: `${DOMAIN}/use-cases/ingest-rows.ts`,
    find: "if (header.sha256 !== '' && header.sha256 !== upload.sha256) {",
    replace: "if (header.sha256 !== '' && header.sha256.length !== upload.sha256.length) {",
    suites: WHOLE,
  },
  {
    name: 'a repository may make accepted rows unreadable',
    file: `${DOMAIN}/use-cases/apply-repository.ts`,
    find: '  if (problems.length > 0) throw breakingChange(problems);\n',
    replace: '',
    suites: WHOLE,
  },
  {
    name: 'a training set is named by its file and not by its content',
    file: `${DOMAIN}/use-cases/build-training-set.ts`,
    find: 'const content = { id: contentSha256, name,',
    replace: 'const content = { id: sha256, name,',
    suites: DAMAGE,
  },
  {
    name: 'a training set knows rows before they were created',
    file: `${DOMAIN}/feature-join.ts`,
    find: 'createdCutoff: plan.createdCutoff,',
    replace: 'createdCutoff: false,',
    suites: WHOLE,
  },
  {
    name: 'a stored file is handed out with another content',
    file: `${STORE}/local-feature-files.ts`,
    find: "    if (hash.digest('hex') !== sha256) throw storedFileLost(sha256, 'has another content');\n",
    replace: '',
    suites: DAMAGE,
  },
  {
    name: 'a value past its time to live counts as present',
    file: `${DOMAIN}/online/online-answer.ts`,
    find: 'row.eventTime < oldest ? STATUS.OUTSIDE_MAX_AGE',
    replace: 'row.eventTime < 0n ? STATUS.OUTSIDE_MAX_AGE',
    suites: WHOLE,
  },
  {
    name: 'a value of exactly the time to live is too old online',
    file: `${DOMAIN}/online/online-answer.ts`,
    find: 'row.eventTime < oldest ? STATUS.OUTSIDE_MAX_AGE',
    replace: 'row.eventTime <= oldest ? STATUS.OUTSIDE_MAX_AGE',
    suites: WHOLE,
  },
  {
    name: 'a null counts as present online',
    file: `${DOMAIN}/online/online-answer.ts`,
    find: 'STATUS.NULL_VALUE : STATUS.NOT_FOUND',
    replace: 'STATUS.PRESENT : STATUS.NOT_FOUND',
    suites: WHOLE,
  },
  {
    name: 'a changed view goes on with the rows of the old one',
    file: `${DOMAIN}/use-cases/materialize-views.ts`,
    find: 'const from = isSame ? lease.state.arrival : 0n;',
    replace: 'const from = lease.state.arrival;',
    suites: WHOLE,
  },
  {
    name: 'a stored row of another schema is read',
    file: `${DOMAIN}/online/row-codec.ts`,
    find: 'bytes.compare(this.#header, 0, HEADER_BYTES, 0, HEADER_BYTES) !== 0',
    replace: 'bytes[0] !== FORM',
    suites: ROWS,
  },
  {
    name: 'a consumer is moved on from where it is not',
    file: `${DOMAIN}/use-cases/commit-scoring-set.ts`,
    find: 'if (arrival !== fromExclusive) throw',
    replace: 'if (arrival < fromExclusive) throw',
    suites: SCORING_SETS,
  },
  {
    name: 'the last row of a range of arrivals is left out',
    file: ARRIVALS,
    find: 'const inRange = `ar > ${job.after} AND ar <= ${',
    replace: 'const inRange = `ar > ${job.after} AND ar < ${',
    suites: SCORING_SETS,
  },
  {
    name: 'rows from before the wanted time are scored',
    file: ARRIVALS,
    find: '      ...(job.from === undefined ? [] : [`ev >= ${job.from}`]),\n',
    replace: '',
    suites: OFFLINE,
  },
  {
    name: 'rows from after the wanted time are scored',
    file: ARRIVALS,
    find: '      ...(job.before === undefined ? [] : [`ev < ${job.before}`]),\n',
    replace: '',
    suites: OFFLINE,
  },
  {
    name: 'predictions are shown before all of them are loaded',
    file: `${DOMAIN}/predictions/load-predictions.ts`,
    find: `    const rows = await writeFiles(call, load, begun.version, deps, handle);
    deps.atStep('loaded');
    const table = await showVersion(call, { load, version: begun.version, rows }, deps);
`,
    replace: `    const rows = BigInt(load.files.reduce((sum, file) => sum + file.rows, 0));
    const table = await showVersion(call, { load, version: begun.version, rows }, deps);
    await writeFiles(call, load, begun.version, deps, handle);
    deps.atStep('loaded');
`,
    suites: STORED_PREDICTIONS,
  },
  {
    name: 'a load loses what was written while it went on',
    file: `${DOMAIN}/predictions/write-predictions.ts`,
    find: 'targets: [table, ...loading]',
    replace: 'targets: [table, ...loading.slice(loading.length)]',
    suites: STORED_PREDICTIONS,
  },
];
