import { canonicalJson } from '@slipway/kernel';
import type { FeatureRepository, Source } from './feature-repository.ts';

export interface RepositoryChange {
  readonly kind: 'entity' | 'source' | 'view' | 'service' | 'contract';
  readonly name: string;
  readonly action: 'create' | 'update' | 'delete';
  /** What is different, for people. */
  readonly detail: string;
}

interface Named {
  readonly name: string;
}

/** What makes `next` out of `before`: contracts, entities, sources, views, services, each in the order of names. */
export function diffRepository(before: FeatureRepository, next: FeatureRepository): readonly RepositoryChange[] {
  return [
    ...diffContracts(before.sources, next.sources),
    ...diffNamed('entity', before.entities, next.entities),
    ...diffNamed('source', before.sources.map(sourceItself), next.sources.map(sourceItself)),
    ...diffNamed('view', before.views, next.views),
    ...diffNamed('service', before.services, next.services),
  ];
}

/** Of its contract a source has the name only; a change of the contract is one of its own. */
const sourceItself = ({ contract, ...source }: Source): Named => {
  const named = { contract: `${contract.id} ${contract.object}` };
  return { ...source, ...named };
};

function diffNamed(
  kind: RepositoryChange['kind'],
  before: readonly Named[],
  next: readonly Named[],
): readonly RepositoryChange[] {
  const former = new Map(before.map((item) => [item.name, item]));
  const later = new Map(next.map((item) => [item.name, item]));
  const names = [...new Set([...former.keys(), ...later.keys()])].sort();
  return names.flatMap((name): RepositoryChange[] => {
    const [old, now] = [former.get(name), later.get(name)];
    if (!old) return [{ kind, name, action: 'create', detail: '' }];
    if (!now) return [{ kind, name, action: 'delete', detail: '' }];
    const fields = changedFields(old, now);
    return fields.length === 0 ? [] : [{ kind, name, action: 'update', detail: fields.join(', ') }];
  });
}

const textOf = (value: unknown): string => (value === undefined ? '' : canonicalJson(value));
const NOT_FOR_PEOPLE = new Set(['digest']);

function changedFields(before: object, next: object): readonly string[] {
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(next))];
  const fields = [...new Set([...old.keys(), ...now.keys()])];
  return fields.flatMap((field) => {
    const [was, is] = [textOf(old.get(field)), textOf(now.get(field))];
    return was === is || NOT_FOR_PEOPLE.has(field) ? [] : [`${field}: ${shorten(was)} -> ${shorten(is)}`];
  });
}

const DETAIL_LENGTH_MAX = 120;
const shorten = (text: string): string =>
  text === '' ? 'none' : text.length <= DETAIL_LENGTH_MAX ? text : `${text.slice(0, DETAIL_LENGTH_MAX)}...`;

function diffContracts(before: readonly Source[], next: readonly Source[]): readonly RepositoryChange[] {
  const contractsOf = (sources: readonly Source[]) =>
    new Map(sources.map(({ contract }) => [`${contract.id}/${contract.object}`, contract]));
  const [former, later] = [contractsOf(before), contractsOf(next)];
  const names = [...new Set([...former.keys(), ...later.keys()])].sort();
  return names.flatMap((name): RepositoryChange[] => {
    const [old, now] = [former.get(name), later.get(name)];
    if (!now) return [{ kind: 'contract', name, action: 'delete', detail: '' }];
    const notEnforced = now.notEnforced.map((text) => `not enforced: ${text}`);
    if (!old) return [{ kind: 'contract', name, action: 'create', detail: notEnforced.join('; ') }];
    if (canonicalJson(old) === canonicalJson(now)) return [];
    const fields = changedFields(columnsByName(old), columnsByName(now));
    const version = old.version === now.version ? [] : [`version: ${old.version} -> ${now.version}`];
    return [{ kind: 'contract', name, action: 'update', detail: [...version, ...fields, ...notEnforced].join('; ') }];
  });
}

const columnsByName = ({ columns, uniqueKey }: Source['contract']): object => ({
  ...Object.fromEntries(columns.map(({ name, type, rules }) => [`column ${name}`, { type, ...rules }])),
  uniqueKey,
});
