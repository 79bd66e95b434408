import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import type { FeatureDependencies } from '../dependencies.ts';
import { fileInvalid, invalid, uploadExpired } from '../errors.ts';
import { keyColumn, outputName, readArrivals } from '../feature-join.ts';
import { selectFeatures, type SelectedFeature } from '../feature-selection.ts';
import type { LocalFile } from '../files.ts';
import { didYouMean } from '../near-names.ts';
import type { IndexedRepository } from '../repository-cache.ts';
import type { TrainingSetPlan } from '../training-set.ts';
import type { Call } from '../unit-of-work.ts';
import { receiveUpload } from '../upload/receive-upload.ts';
import type { UploadPart } from '../upload/upload-reader.ts';

export interface TrainingSetHeader {
  readonly name: string;
  readonly features: readonly string[];
  readonly featureService: string;
  readonly format: 'parquet' | 'csv';
  readonly eventTimeColumn: string;
  readonly keyColumns: Readonly<Record<string, string>>;
  readonly fullFeatureNames: boolean;
  readonly ignoreCreatedTime: boolean;
  readonly requestId: string;
}

/**
 * Takes the entity rows in, checks that the join will work, keeps the rows, and hands over the plan with the snapshot that it is about.
 * @param begin with the header, for the id of the request; its work must repeat exactly from the plan.
 * @throws {InvalidArgumentError} reason FEATURES_INVALID, ENTITY_COLUMNS_INVALID, FEATURE_NAMES_COLLIDE, FILE_INVALID or UPLOAD_*.
 */
export async function planTrainingSet<Begun>(
  call: Call,
  parts: AsyncIterable<UploadPart<TrainingSetHeader>>,
  deps: FeatureDependencies,
  signal: AbortSignal,
  begin: (header: TrainingSetHeader, plan: TrainingSetPlan) => Promise<Begun>,
): Promise<Begun> {
  const { workspace } = call.caller;
  return receiveUpload(parts, deps, signal, async (header, receive) => {
    const repository = await deps.repositories.refresh(workspace);
    const selected = selectFeatures(header, repository); // before megabytes are sent for nothing
    const upload = await receive();
    deps.atStep('received');
    const table = { file: upload.path, format: header.format };
    const found = await deps.offline.columnsOf(table, signal).catch((error: unknown) => {
      throw error instanceof InvalidArgumentError ? fileInvalid(error, upload.path) : error;
    });
    const entityColumns = checkEntityColumns(header, selected, found);
    await keep(call, upload, deps, signal);
    return begin(header, await toPlan(call, { header, selected, upload, entityColumns, repository }, deps));
  });
}

/** @returns the columns as they are to be read: a key of a CSV file is read as the type of its join key. */
function checkEntityColumns(
  header: TrainingSetHeader,
  selected: readonly SelectedFeature[],
  found: readonly ColumnSpec[],
): readonly ColumnSpec[] {
  const types = new Map(found.map(({ name, type }) => [name, type]));
  const names = [...types.keys()];
  const violations: FieldViolation[] = [];
  const missing = (field: string, column: string, what: string) => {
    violations.push({
      field,
      description: `the entity rows have no column '${column}'${what}${didYouMean(column, names)}`,
    });
  };
  const time = header.eventTimeColumn;
  const timeType = types.get(time);
  if (timeType === undefined) missing('header.event_time_column', time, '');
  else if (timeType !== 'timestamp') {
    violations.push({
      field: 'header.event_time_column',
      description: `column '${time}' is of type ${timeType}; it must be a timestamp`,
    });
  }
  const joinKeys = new Map(
    selected.flatMap(({ view }) => view.joinKeys.map((key) => [key.name, { key, view: view.name }])),
  );
  for (const { key, view } of joinKeys.values()) {
    const column = keyColumn(header.keyColumns, key.name);
    const type = types.get(column);
    if (type === undefined)
      missing(`header.key_columns.${key.name}`, column, ` for join key '${key.name}' of view '${view}'`);
    else if (header.format === 'csv') types.set(column, key.type);
    else if (type !== key.type) {
      const description = `column '${column}' is of type ${type}; join key '${key.name}' of view '${view}' is of type ${key.type}`;
      violations.push({ field: `header.key_columns.${key.name}`, description });
    }
  }
  for (const key of Object.keys(header.keyColumns)) {
    if (joinKeys.has(key)) continue;
    const description = `is no join key of the views asked for${didYouMean(key, [...joinKeys.keys()])}`;
    violations.push({ field: `header.key_columns.${key}`, description });
  }
  if (violations.length > 0) throw invalid('ENTITY_COLUMNS_INVALID', violations);
  checkOutputNames(header, selected, names);
  return names.map((name) => ({ name, type: types.get(name) ?? 'string' }));
}

function checkOutputNames(
  header: TrainingSetHeader,
  selected: readonly SelectedFeature[],
  columns: readonly string[],
): void {
  const owners = new Map(columns.map((name) => [name.toLowerCase(), `column '${name}' of the entity rows`]));
  const violations = selected.flatMap((one, index) => {
    const output = outputName(one, header.fullFeatureNames);
    const owner = owners.get(output.toLowerCase());
    owners.set(output.toLowerCase(), `'${one.name}'`);
    const fix = header.fullFeatureNames ? 'rename the column' : 'set full_feature_names';
    return owner === undefined
      ? []
      : [
          {
            field: `features[${index}]`,
            description: `'${one.name}' and ${owner} would both be column '${output}'; ${fix}`,
          },
        ];
  });
  if (violations.length > 0) throw invalid('FEATURE_NAMES_COLLIDE', violations);
}

/** Keeps the entity rows, so that the work can be done again in another process. */
async function keep(
  call: Call,
  upload: LocalFile,
  { unitOfWork, files }: FeatureDependencies,
  signal: AbortSignal,
): Promise<void> {
  await unitOfWork.run(call, (tx) => tx.blobs.claim([upload.sha256]));
  await files.store(call.caller.workspace, upload, signal);
  const held = await unitOfWork.run(call, async (tx) => {
    if (!(await tx.blobs.hold([upload.sha256]))) return false;
    await tx.blobs.claim([upload.sha256]);
    return true;
  });
  if (!held) throw uploadExpired();
}

interface Parts {
  readonly header: TrainingSetHeader;
  readonly selected: readonly SelectedFeature[];
  readonly upload: LocalFile;
  readonly entityColumns: readonly ColumnSpec[];
  readonly repository: IndexedRepository;
}

async function toPlan(
  { caller }: Call,
  { header, selected, upload, entityColumns, repository }: Parts,
  { unitOfWork }: FeatureDependencies,
): Promise<TrainingSetPlan> {
  const { name, format, eventTimeColumn, keyColumns, fullFeatureNames } = header;
  const arrivals = await unitOfWork.read(caller, (reads) => readArrivals(selected, reads));
  return {
    name,
    features: selected.map((one) => one.name),
    format,
    eventTimeColumn,
    keyColumns,
    fullFeatureNames,
    createdCutoff: !header.ignoreCreatedTime,
    entities: { sha256: upload.sha256, bytes: upload.bytes },
    entityColumns,
    repositoryRevision: repository.revision.toString(),
    arrivals,
  };
}
