import { canonicalJson } from '@slipway/kernel';
import type { ColumnSpec, ColumnType } from '@slipway/plugin-kit';
import { didYouMean } from '../near-names.ts';
import type { ContractDocument } from './odcs-document.ts';
import { sha256Of } from './digest.ts';
import type { RepositoryDocument } from './document-schema.ts';
import type {
  Contract,
  Entity,
  Feature,
  FeatureRepository,
  FeatureService,
  FeatureView,
  Source,
} from './feature-repository.ts';
import type { Problems } from './problems.ts';
import type { ReadFile } from './yaml-file.ts';
import { readContract, type ContractProblem } from './read-contract.ts';

/** Part of every view's digest: another way to write the values of a view is another view for the online store. */
const VIEW_FORM = 1;
const byName = <Named extends { readonly name: string }>(items: readonly Named[]): readonly Named[] =>
  [...items].sort((left, right) => (left.name < right.name ? -1 : 1));

type Section = 'entities' | 'sources' | 'views' | 'services';
type Item<Kind extends Section> = RepositoryDocument[Kind][number];

/** Reports a problem of one item, below its own path. */
type Report = (path: readonly PropertyKey[], description: string) => void;

/** Resolves all names; what does not fit together goes to `problems`, and what depends on it is left out. */
export function linkRepository(
  files: readonly ReadFile<RepositoryDocument>[],
  contracts: readonly ReadFile<ContractDocument>[],
  problems: Problems,
): FeatureRepository {
  const collect = <Kind extends Section, Linked>(
    section: Kind,
    link: (item: Item<Kind>, report: Report) => Linked | undefined,
  ): Map<string, Linked> => {
    const seen = new Set<string>();
    const linked = new Map<string, Linked>();
    for (const { file, document } of files) {
      for (const [index, item] of (document[section] as readonly Item<Kind>[]).entries()) {
        const report: Report = (path, description) => file.problem(problems, [section, index, ...path], description);
        if (seen.has(item.name)) report(['name'], `'${item.name}' is there already; names of ${section} are unique`);
        seen.add(item.name);
        const result = link(item, report);
        if (result !== undefined) linked.set(item.name, result);
      }
    }
    return linked;
  };
  const byPath = new Map(contracts.map((each) => [each.file.path, each]));
  const entities = collect('entities', linkEntity);
  const sources = collect('sources', (item, report) => linkSource(item, byPath, report, problems));
  const views = collect('views', (item, report) => linkView(item, { entities, sources }, report));
  const services = collect('services', (item, report) => linkService(item, views, report));
  return {
    entities: byName([...entities.values()]),
    sources: byName([...sources.values()]),
    views: byName([...views.values()]),
    services: byName([...services.values()]),
  };
}

function linkEntity(item: Item<'entities'>, report: Report): Entity {
  const repeated = item.joinKeys.findIndex(({ name }, at) =>
    item.joinKeys.some((other, before) => before < at && other.name === name),
  );
  if (repeated >= 0) report(['joinKeys', repeated, 'name'], 'is there already');
  return item;
}

function linkSource(
  item: Item<'sources'>,
  contracts: ReadonlyMap<string, ReadFile<ContractDocument>>,
  report: Report,
  problems: Problems,
): Source | undefined {
  const found = contracts.get(item.contract);
  if (!found) {
    report(
      ['contract'],
      `there is no data contract '${item.contract}' among the files${didYouMean(item.contract, [...contracts.keys()])}`,
    );
    return undefined;
  }
  const { schema } = found.document;
  const names = schema.map(({ name }) => name);
  const index = item.object === undefined ? 0 : names.indexOf(item.object);
  const object = schema[index];
  if (!object) {
    const text =
      item.object === undefined
        ? 'has no schema object'
        : `has no schema object '${item.object}'${didYouMean(item.object, names)}`;
    report([item.object === undefined ? 'contract' : 'object'], `'${item.contract}' ${text}`);
    return undefined;
  }
  if (item.object === undefined && schema.length > 1) {
    report(['contract'], `has ${schema.length} schema objects; name one of them in 'object': ${names.join(', ')}`);
    return undefined;
  }
  const wrong: ContractProblem[] = [];
  const contract = readContract(found.document, object, wrong);
  for (const { path, description } of wrong) found.file.problem(problems, ['schema', index, ...path], description);
  checkSourceColumns(item, contract, report);
  const { name, eventTime, createdTime, columns: fileColumns } = item;
  return { name, contract, eventTime, createdTime, fileColumns };
}

function checkSourceColumns(item: Item<'sources'>, contract: Contract, report: Report): void {
  const types = new Map(contract.columns.map(({ name, type }) => [name, type]));
  const known = [...types.keys()];
  const repeated = known.length !== contract.columns.length;
  if (repeated) report(['contract'], 'names a property twice');
  for (const role of ['eventTime', 'createdTime'] as const) {
    const column = item[role];
    if (column === undefined) continue;
    const type = types.get(column);
    if (type === undefined) report([role], `the contract has no column '${column}'${didYouMean(column, known)}`);
    else if (type !== 'timestamp') report([role], `column '${column}' is of type ${type}; it must be a timestamp`);
  }
  for (const column of Object.keys(item.columns)) {
    if (!types.has(column))
      report(['columns', column], `the contract has no column '${column}'${didYouMean(column, known)}`);
  }
}

interface Linked {
  readonly entities: ReadonlyMap<string, Entity>;
  readonly sources: ReadonlyMap<string, Source>;
}

function linkView(item: Item<'views'>, { entities, sources }: Linked, report: Report): FeatureView | undefined {
  const joinKeys: ColumnSpec[] = [];
  for (const [index, name] of item.entities.entries()) {
    const entity = entities.get(name);
    if (!entity) report(['entities', index], `there is no entity '${name}'${didYouMean(name, [...entities.keys()])}`);
    for (const key of entity?.joinKeys ?? []) {
      if (joinKeys.some((other) => other.name === key.name))
        report(['entities', index], `brings the join key '${key.name}' a second time`);
      else joinKeys.push(key);
    }
  }
  const source = sources.get(item.source);
  if (!source) {
    report(['source'], `there is no source '${item.source}'${didYouMean(item.source, [...sources.keys()])}`);
    return undefined;
  }
  const types = new Map(source.contract.columns.map(({ name, type }) => [name, type]));
  for (const key of joinKeys) {
    const type = types.get(key.name);
    if (type !== key.type) {
      const found = type === undefined ? 'has no such column' : `has it as ${type}`;
      report(['source'], `join key '${key.name}' is of type ${key.type}, but source '${source.name}' ${found}`);
    }
  }
  const features = linkFeatures(item, types, report);
  const { name, description, ttl: ttlMicros } = item;
  const view = { name, description, entities: item.entities, joinKeys, source: source.name, ttlMicros, features };
  return { ...view, digest: digestOf(view, source) };
}

function linkFeatures(item: Item<'views'>, types: ReadonlyMap<string, ColumnType>, report: Report): readonly Feature[] {
  const features = new Map<string, Feature>();
  for (const [index, { name, column, aggregation }] of item.features.entries()) {
    const refuse = (path: readonly PropertyKey[], text: string): void => report(['features', index, ...path], text);
    if (features.has(name)) refuse(['name'], `'${name}' is there already`);
    if (column !== undefined && aggregation) refuse([], "has both 'column' and 'aggregation'; leave one out");
    const from = aggregation?.column ?? column ?? name;
    const path = aggregation ? ['aggregation', 'column'] : column === undefined ? ['name'] : ['column'];
    const type = types.get(from);
    if (type === undefined) {
      refuse(path, `the source has no column '${from}'${didYouMean(from, [...types.keys()])}`);
      continue;
    }
    const result = aggregation ? aggregateType(aggregation.function, type) : type;
    if (result === undefined)
      refuse(['aggregation', 'function'], `there is no ${aggregation?.function} of type ${type}`);
    else {
      const over = aggregation && { function: aggregation.function, windowMicros: aggregation.window };
      features.set(name, { name, type: result, column: from, aggregation: over });
    }
  }
  return [...features.values()];
}

/** @returns undefined where there is none. */
function aggregateType(
  name: NonNullable<Feature['aggregation']>['function'],
  type: ColumnType,
): ColumnType | undefined {
  if (name === 'count') return 'integer';
  const isNumeric = type === 'number' || type === 'integer';
  if (name === 'mean') return isNumeric ? 'number' : undefined;
  if (name === 'sum') return isNumeric ? type : undefined;
  return isNumeric || type === 'timestamp' ? type : undefined;
}

function digestOf(view: Omit<FeatureView, 'digest'>, { eventTime, createdTime }: Source): string {
  const { joinKeys, source } = view;
  const features = view.features.map((feature) => ({ ...feature, aggregation: feature.aggregation ?? null }));
  return sha256Of(
    canonicalJson({ form: VIEW_FORM, source, eventTime, createdTime: createdTime ?? null, joinKeys, features }),
  );
}

function linkService(item: Item<'services'>, views: ReadonlyMap<string, FeatureView>, report: Report): FeatureService {
  for (const [index, name] of item.features.entries()) {
    if (item.features.indexOf(name) < index) report(['features', index], `'${name}' is there already`);
    const problem = featureProblem(name, views);
    if (problem !== undefined) report(['features', index], problem);
  }
  return item;
}

/** Why a name of the form `view:feature` names nothing; undefined when it does. */
export function featureProblem(name: string, views: ReadonlyMap<string, FeatureView>): string | undefined {
  const [viewName = '', featureName, ...rest] = name.split(':');
  if (featureName === undefined || rest.length > 0) return `'${name.slice(0, 80)}' must have the form view:feature`;
  const view = views.get(viewName);
  if (!view) return `there is no view '${viewName}'${didYouMean(viewName, [...views.keys()])}`;
  const features = view.features.map((feature) => feature.name);
  return features.includes(featureName)
    ? undefined
    : `view '${viewName}' has no feature '${featureName}'${didYouMean(featureName, features)}`;
}
