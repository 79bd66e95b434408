import { formatMicros, type Micros } from '@slipway/kernel';
import type { ModelVersion } from '../model-version.ts';
import type { RegisteredModel } from '../registered-model.ts';
import type { Tags } from '../tags.ts';
import type { WebhookEvent } from './webhook.ts';

/** A change as receivers are told it; the fields of `data` are those that MLflow sends. */
export interface RegistryChange {
  readonly event: WebhookEvent;
  readonly data: Readonly<Record<string, string | null | Tags>>;
}

const change = (entity: WebhookEvent['entity'], action: WebhookEvent['action'], data: RegistryChange['data']) => ({
  event: { entity, action },
  data,
});

/** Receivers know a text that is not there as null. */
const orNull = (text: string): string | null => (text === '' ? null : text);

export const modelCreated = ({ name, tags, description }: Pick<RegisteredModel, 'name' | 'tags' | 'description'>) =>
  change('REGISTERED_MODEL', 'CREATED', { name, tags, description: orNull(description) });

export const modelDeleted = (name: string) => change('REGISTERED_MODEL', 'DELETED', { name });

type CreatedVersion = Pick<ModelVersion, 'model' | 'version' | 'runId' | 'tags' | 'description'> & {
  readonly source?: string;
};

export const versionCreated = ({ model, version, source = '', runId, tags, description }: CreatedVersion) =>
  change('MODEL_VERSION', 'CREATED', {
    name: model,
    version: version.toString(),
    source,
    run_id: orNull(runId),
    tags,
    description: orNull(description),
  });

export const versionDeleted = (name: string, version: bigint) =>
  change('MODEL_VERSION', 'DELETED', { name, version: version.toString() });

export const tagSet = (name: string, version: bigint, key: string, value: string) =>
  change('MODEL_VERSION_TAG', 'SET', { name, version: version.toString(), key, value });

export const tagDeleted = (name: string, version: bigint, key: string) =>
  change('MODEL_VERSION_TAG', 'DELETED', { name, version: version.toString(), key });

/** @param version undefined when the alias was deleted. */
export const aliasChanged = (name: string, alias: string, version: bigint | undefined) =>
  version === undefined
    ? change('MODEL_VERSION_ALIAS', 'DELETED', { name, alias })
    : change('MODEL_VERSION_ALIAS', 'CREATED', { name, alias, version: version.toString() });

/** What changed between the tags of a version, by key. */
export function tagChanges(name: string, version: bigint, before: Tags, after: Tags): readonly RegistryChange[] {
  const set = Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value);
  const deleted = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  return [
    ...set.map(([key, value]) => tagSet(name, version, key, value)),
    ...deleted.map((key) => tagDeleted(name, version, key)),
  ];
}

/** The body of a delivery. MLflow writes entity and action in small letters. */
export const bodyOf = ({ event, data }: RegistryChange, time: Micros): string =>
  JSON.stringify({
    entity: event.entity.toLowerCase(),
    action: event.action.toLowerCase(),
    timestamp: formatMicros(time),
    data,
  });

/** A made-up change for a trial. */
export function exampleOf({ entity, action }: WebhookEvent): RegistryChange {
  const name = 'example-model';
  if (entity === 'REGISTERED_MODEL') {
    const model = { name, tags: { team: 'example' }, description: 'An example.' };
    return action === 'DELETED' ? modelDeleted(name) : modelCreated(model);
  }
  if (entity === 'MODEL_VERSION') {
    const version = { model: name, version: 1n, source: '', runId: '', tags: { team: 'example' }, description: '' };
    return action === 'DELETED' ? versionDeleted(name, 1n) : versionCreated(version);
  }
  if (entity === 'MODEL_VERSION_TAG') {
    return action === 'DELETED' ? tagDeleted(name, 1n, 'team') : tagSet(name, 1n, 'team', 'example');
  }
  return aliasChanged(name, 'champion', action === 'DELETED' ? undefined : 1n);
}
