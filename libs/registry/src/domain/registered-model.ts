import { InvalidArgumentError, MODEL_NAME_PATTERN, type Caller, type Micros } from '@slipway/kernel';
import { changeTags, createTags, sameTags, type Tags } from './tags.ts';
import type { RegistryFact } from './facts.ts';

/** A name under which versions are collected. The row outlives the model, so that version numbers are never used twice. */
export interface RegisteredModel {
  readonly name: string;
  readonly description: string;
  readonly tags: Tags;
  /** Number of the newest version ever created under this name; 0 when there is none. */
  readonly lastVersion: bigint;
  /** Counts evaluations and approvals of the model: their order does not depend on a clock. */
  readonly lastSequence: bigint;
  /** Principal that created it. */
  readonly principal: string;
  readonly createTime: Micros;
  readonly updateTime: Micros;
  /** Only its counters are left. */
  readonly deleted: boolean;
}

export interface ModelDraft {
  readonly name: string;
  readonly description: string;
  readonly tags: Tags;
}

/** A change of description and tags; what is absent stays. */
export interface Edit {
  readonly description: string | undefined;
  readonly setTags: Tags;
  readonly removeTags: readonly string[];
}

/** Two spellings of one name would be two models that nobody can tell apart. @throws {InvalidArgumentError} reason MODEL_NAME_INVALID. */
export function assertModelName(name: string, field = 'name'): void {
  if (name.isWellFormed() && MODEL_NAME_PATTERN.test(name) && name.normalize('NFC') === name) return;
  const description =
    'must be 1..200 letters, digits, spaces and "._-()+,=&#!", beginning and ending with a letter or digit, in Unicode normal form C';
  throw InvalidArgumentError.of(field, description, { reason: 'MODEL_NAME_INVALID' });
}

/** @param former what is left of a deleted model of that name. @throws {InvalidArgumentError} on a bad name or bad tags. */
export function createModel(
  draft: ModelDraft,
  former: RegisteredModel | undefined,
  caller: Caller,
  now: Micros,
): { next: RegisteredModel; fact: RegistryFact } {
  assertModelName(draft.name);
  const next: RegisteredModel = {
    name: draft.name,
    description: draft.description,
    tags: createTags(draft.tags),
    lastVersion: former?.lastVersion ?? 0n,
    lastSequence: former?.lastSequence ?? 0n,
    principal: caller.principal,
    createTime: now,
    updateTime: now,
    deleted: false,
  };
  return { next, fact: { kind: 'model-changed', model: draft.name, deleted: false } };
}

/** @returns undefined when the edit changes nothing. @throws {InvalidArgumentError} on bad tags. */
export function applyEdit<Edited extends { description: string; tags: Tags; updateTime: Micros }>(
  current: Edited,
  edit: Edit,
  now: Micros,
): Edited | undefined {
  const tags = changeTags(current.tags, edit.setTags, edit.removeTags);
  const description = edit.description ?? current.description;
  if (description === current.description && sameTags(tags, current.tags)) return undefined;
  return { ...current, description, tags, updateTime: now };
}
