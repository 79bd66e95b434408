import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from '@slipway/kernel';
import type { IngestRowsRequest, RepositoryFile } from '@slipway/contracts/slipway.features.v1';
import type { Connection } from './connection.ts';
import type { RunCommand } from './run-command.ts';
import { stampText } from './stamps.ts';

const CHUNK_BYTES = 1024 * 1024;

export function addFeatureCommands(program: Command, run: RunCommand): void {
  const features = program.command('features').description('feature views, the rows they come from, and training sets');
  features
    .command('plan <folder>')
    .description('what applying the YAML files of a folder would change')
    .action((folder: string) => run((connection, print) => apply(connection, folder, true, print)));
  features
    .command('apply <folder>')
    .description('make the YAML files of a folder the feature repository in force')
    .action((folder: string) => run((connection, print) => apply(connection, folder, false, print)));
  features
    .command('ingest <source> <file>')
    .description('hand a Parquet or CSV file of rows to a source')
    .action((source: string, file: string) =>
      run(async (connection, print) => {
        const { ingestion, duplicate } = await connection.features.ingestRows(upload(source, file));
        const counts = `${ingestion?.accepted_rows} rows, ${ingestion?.quarantined_rows} kept aside`;
        print.line(duplicate ? `ingested before: ${counts}` : counts, ingestion);
      }),
    );
  addLists(features, run);
  features
    .command('materialize [views...]')
    .description('bring the rows that arrived since the last time online')
    .action((views: string[]) =>
      run(async ({ features: store }, print) => {
        const { operation } = await store.materializeViews({ views });
        print.line(`begun: operation ${operation?.id}`, operation);
      }),
    );
}

function addLists(features: Command, run: RunCommand): void {
  features
    .command('views')
    .description('feature views, and how far they are online')
    .action(() =>
      run(async ({ features: store }, print) => {
        const { views } = await store.listViews({ page_size: 1000 });
        const rows = views.map(({ view, ...status }) => ({
          view: view?.name ?? '',
          entities: view?.entities.join(' ') ?? '',
          features: view?.features.map(({ name }) => name).join(' ') ?? '',
          rows: status.rows,
          'newest event': stampText(status.last_event_time),
          online: `${status.online_arrival} of ${status.arrival}`,
        }));
        print.table(rows, views);
      }),
    );
  features
    .command('ingestions [source]')
    .description('files of rows and what became of them, newest first')
    .action((source: string | undefined) =>
      run(async ({ features: store }, print) => {
        const { ingestions } = await store.listIngestions({ source: source ?? '', page_size: 1000 });
        const rows = ingestions.map((one) => ({
          id: one.id,
          source: one.source,
          accepted: one.accepted_rows,
          'kept aside': one.quarantined_rows,
          breaches: one.breaches.map(({ column, rule, rows: broken }) => `${column} ${rule} ${broken}`).join(', '),
          by: one.principal,
          time: stampText(one.create_time),
        }));
        print.table(rows, ingestions);
      }),
    );
  features
    .command('quarantine [ingestion]')
    .description('rows that broke their contract; of the newest ingestion that has some, when none is named')
    .action((ingestion: string | undefined) =>
      run(async ({ features: store }, print) => {
        const id = ingestion ?? (await newestWithBreaches(store));
        const { rows } = id === undefined ? { rows: [] } : await store.listQuarantinedRows({ ingestion_id: id });
        const lines = rows.flatMap((row) =>
          row.breaches.map(({ column, rule, reason }) => ({ row: row.row, column, rule, reason })),
        );
        print.table(lines, rows);
      }),
    );
  features
    .command('training-sets')
    .description('training sets, newest first')
    .action(() =>
      run(async ({ features: store }, print) => {
        const { training_sets: sets } = await store.listTrainingSets({ page_size: 1000 });
        const rows = sets.map((one) => ({
          id: one.id, // all of it: `slipway train` asks for it
          name: one.name,
          rows: one.rows,
          leaks: one.created_cutoff ? '' : 'yes',
          features: one.features.join(' '),
          by: one.principal,
          time: stampText(one.create_time),
        }));
        print.table(rows, sets);
      }),
    );
}

async function apply(
  { features }: Connection,
  folder: string,
  dryRun: boolean,
  print: Parameters<Parameters<RunCommand>[0]>[1],
): Promise<void> {
  const { changes } = await features.applyRepository({ files: readRepository(folder), dry_run: dryRun });
  const rows = changes.map(({ action, kind, name, detail }) => ({
    change: action.replace('REPOSITORY_ACTION_', '').toLowerCase(),
    kind,
    name,
    detail,
  }));
  print.table(rows, changes);
}

/** All YAML files below a folder. @throws {InvalidArgumentError} when there is none. */
function readRepository(folder: string): RepositoryFile[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.ya?ml$/.test(path));
  if (paths.length === 0) throw InvalidArgumentError.of('folder', `'${folder}' holds no YAML file`);
  return paths
    .sort()
    .map((path) => ({ path: path.replaceAll('\\', '/'), content: readFileSync(join(folder, path), 'utf8') }));
}

async function* upload(source: string, file: string): AsyncGenerator<IngestRowsRequest, void, undefined> {
  const format = file.endsWith('.csv') ? 'FILE_FORMAT_CSV' : 'FILE_FORMAT_PARQUET';
  yield { header: { source, format, description: basename(file) } };
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) yield { chunk: chunk as Buffer };
}

async function newestWithBreaches(store: Connection['features']): Promise<string | undefined> {
  const { ingestions } = await store.listIngestions({ page_size: 1000 });
  return ingestions.find(({ quarantined_rows: rows }) => rows !== '0')?.id;
}
