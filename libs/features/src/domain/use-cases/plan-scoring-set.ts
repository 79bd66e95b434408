import type { FieldViolation } from '@slipway/kernel';
import type { FeatureDependencies } from '../dependencies.ts';
import { invalid, sourceNotFound } from '../errors.ts';
import { outputName, readArrivals } from '../feature-join.ts';
import { selectFeatures, type SelectedFeature } from '../feature-selection.ts';
import { didYouMean } from '../near-names.ts';
import type { Source } from '../repository/feature-repository.ts';
import { ARRIVAL_COLUMN, type ScoringSetPlan } from '../scoring/scoring-set.ts';
import type { Call } from '../unit-of-work.ts';

export interface ScoringSetRequest {
  readonly consumer: string;
  readonly source: string;
  /** `view:feature`; may be empty. */
  readonly features: readonly string[];
  /** Microseconds UTC; undefined for no bound. */
  readonly until: bigint | undefined;
  readonly from: bigint | undefined;
  readonly before: bigint | undefined;
  /** 0 for no bound. */
  readonly rowsMax: bigint;
  readonly requestId: string;
}

/**
 * Checks that the join will work and fixes what it is about: from the position of the consumer up to the newest row there is now.
 * @throws {NotFoundError} reason SOURCE_NOT_FOUND. @throws {InvalidArgumentError} reason FEATURES_INVALID, SOURCE_COLUMNS_INVALID or
 * FEATURE_NAMES_COLLIDE.
 */
export async function planScoringSet(
  { caller }: Call,
  { consumer, source: name, features, until, rowsMax, ...times }: ScoringSetRequest,
  { repositories, unitOfWork }: FeatureDependencies,
): Promise<ScoringSetPlan> {
  const repository = await repositories.refresh(caller.workspace);
  const source = repository.sources.get(name);
  if (!source) throw sourceNotFound(name, didYouMean(name, [...repository.sources.keys()]));
  const selected = features.length === 0 ? [] : selectFeatures({ features, featureService: '' }, repository);
  if (times.from !== undefined && times.before !== undefined && times.from >= times.before)
    throw invalid('SCORING_TIMES_INVALID', [
      { field: 'from', description: "is not earlier than 'before': no row can lie between" },
    ]);
  checkKeys(source, selected);
  checkNames(source, selected);
  return unitOfWork.read(caller, async (reads) => {
    const from = (await reads.positions.get(consumer, name))?.arrival ?? 0n;
    const newest = (await reads.sources.get(name))?.arrival ?? 0n;
    const upTo = rowsMax > 0n && from + rowsMax < newest ? from + rowsMax : newest;
    return {
      consumer,
      source: name,
      fromExclusive: from.toString(),
      upToInclusive: upTo.toString(),
      until: until?.toString() ?? '',
      from: times.from?.toString() ?? '',
      before: times.before?.toString() ?? '',
      features: [...features],
      keyColumns: {},
      fullFeatureNames: true,
      createdCutoff: true,
      repositoryRevision: repository.revision.toString(),
      arrivals: await readArrivals(selected, reads),
    };
  });
}

/** The rows of the source are the entity rows, so the source needs the join keys of the views. */
function checkKeys({ name: source, contract }: Source, selected: readonly SelectedFeature[]): void {
  const names = contract.columns.map(({ name }) => name);
  const violations: FieldViolation[] = [];
  selected.forEach(({ view }, index) => {
    if (selected.findIndex((one) => one.view === view) < index) return;
    for (const key of view.joinKeys) {
      const column = contract.columns.find(({ name }) => name === key.name);
      if (column?.type === key.type) continue;
      const has = column
        ? `source '${source}' has it as ${column.type}`
        : `source '${source}' has no such column${didYouMean(key.name, names)}`;
      const description = `view '${view.name}' needs join key '${key.name}' of type ${key.type}; ${has}`;
      violations.push({ field: `features[${index}]`, description });
    }
  });
  if (violations.length > 0) throw invalid('SOURCE_COLUMNS_INVALID', violations);
}

function checkNames({ name: source, contract }: Source, selected: readonly SelectedFeature[]): void {
  const owners = new Map([[ARRIVAL_COLUMN, 'the arrival number']]);
  const violations: FieldViolation[] = [];
  const claim = (field: string, column: string, owner: string): void => {
    const other = owners.get(column.toLowerCase());
    owners.set(column.toLowerCase(), owner);
    if (other === undefined) return;
    const description = `${owner} and ${other} would both be column '${column}'; give the column of the source another name`;
    violations.push({ field, description });
  };
  for (const { name } of contract.columns) claim('source', name, `column '${name}' of source '${source}'`);
  selected.forEach((one, index) => claim(`features[${index}]`, outputName(one, true), `'${one.name}'`));
  if (violations.length > 0) throw invalid('FEATURE_NAMES_COLLIDE', violations);
}
