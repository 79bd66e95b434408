import { INT64_MAX, InvalidArgumentError, type Caller } from '@slipway/kernel';
import { experimentNotActive, experimentNotFound, experimentTagsMax } from './errors.ts';
import { defaultArtifactLocation, readArtifactLocation } from './experiment-location.ts';
import { entryViolations, refuseAny } from './keys.ts';
import { EXPERIMENT_NAME_CHARS_MAX, EXPERIMENT_TAG_CHARS_MAX, EXPERIMENT_TAGS_MAX, isLongerThan } from './limits.ts';
import type { Millis } from './millis.ts';

export type Tags = Readonly<Record<string, string>>;

/** Runs of one question. */
export interface Experiment {
  /** Counts from 1 in its workspace; 0 is `Default`. */
  readonly id: bigint;
  /** Unique among all of the workspace, deleted ones too. */
  readonly name: string;
  readonly deleted: boolean;
  readonly tags: Tags;
  readonly creationTime: Millis;
  readonly lastUpdateTime: Millis;
  readonly principal: string;
  /** Where the artifacts of its runs begin; never changes. */
  readonly artifactLocation: string;
}

export const DEFAULT_EXPERIMENT_ID = 0n;
export const DEFAULT_EXPERIMENT_NAME = 'Default';

const DECIMAL = /^(?:0|[1-9]\d{0,18})$/;

/** Every id there is is a decimal number. @throws {NotFoundError} on any other text. */
export function readExperimentId(text: string): bigint {
  const id = DECIMAL.test(text) ? BigInt(text) : undefined;
  if (id === undefined || id > INT64_MAX) throw experimentNotFound(text);
  return id;
}

/** @throws {InvalidArgumentError} on an empty or long name. */
export function assertExperimentName(name: string): void {
  if (name === '') throw InvalidArgumentError.of('name', `Missing value for required parameter 'name'.`);
  if (isLongerThan(name, EXPERIMENT_NAME_CHARS_MAX)) {
    throw InvalidArgumentError.of(
      'name',
      `'name' exceeds the maximum length of ${EXPERIMENT_NAME_CHARS_MAX} characters`,
    );
  }
}

/** What a new experiment is made of. */
export interface ExperimentDraft {
  readonly name: string;
  readonly tags: Tags;
  /** Empty: here. */
  readonly artifactLocation: string;
}

/** @throws {InvalidArgumentError} on a bad name, tag or location. */
export function newExperiment(id: bigint, draft: ExperimentDraft, caller: Caller, now: Millis): Experiment {
  const { name, tags, artifactLocation } = draft;
  assertExperimentName(name);
  refuseAny(entryViolations('tag', tags, 'tags', EXPERIMENT_TAG_CHARS_MAX));
  return {
    id,
    name,
    deleted: false,
    tags,
    creationTime: now,
    lastUpdateTime: now,
    principal: caller.principal,
    artifactLocation: artifactLocation === '' ? defaultArtifactLocation(id) : readArtifactLocation(artifactLocation),
  };
}

/** A change of name and tags; what is absent stays. */
export interface ExperimentEdit {
  readonly name: string | undefined;
  readonly setTags: Tags;
  readonly removeTags: readonly string[];
}

/**
 * @returns undefined when the edit changes nothing.
 * @throws {FailedPreconditionError} when the experiment is deleted. @throws {InvalidArgumentError} on a bad name or tag.
 */
export function editExperiment(current: Experiment, edit: ExperimentEdit, now: Millis): Experiment | undefined {
  if (current.deleted) throw experimentNotActive(current.id);
  const name = edit.name ?? current.name;
  assertExperimentName(name);
  refuseAny(entryViolations('tag', edit.setTags, 'set_tags', EXPERIMENT_TAG_CHARS_MAX));
  const kept = Object.entries(current.tags).filter(([key]) => !edit.removeTags.includes(key));
  const tags = Object.fromEntries([...kept, ...Object.entries(edit.setTags)]);
  if (Object.keys(tags).length > EXPERIMENT_TAGS_MAX) throw experimentTagsMax(current.id, EXPERIMENT_TAGS_MAX);
  if (name === current.name && isSame(tags, current.tags)) return undefined;
  return { ...current, name, tags, lastUpdateTime: now };
}

function isSame(left: Tags, right: Tags): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
