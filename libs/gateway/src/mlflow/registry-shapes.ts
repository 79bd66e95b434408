import type {
  ModelStage__Output,
  ModelVersion__Output,
  RegisteredModel__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { invalid } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { tagsJson } from './shapes.ts';
import { integerJson } from './wire.ts';

interface TimestampMessage {
  readonly seconds: string | number | { toString(): string };
  readonly nanos: number;
}

/** Milliseconds since 1970. */
export function millisJson(time: TimestampMessage | null): ReturnType<typeof integerJson> {
  return time
    ? integerJson((BigInt(String(time.seconds)) * 1000n + BigInt(Math.trunc(time.nanos / 1e6))).toString())
    : 0;
}

export const STAGES = {
  none: 'MODEL_STAGE_NONE',
  staging: 'MODEL_STAGE_STAGING',
  production: 'MODEL_STAGE_PRODUCTION',
  archived: 'MODEL_STAGE_ARCHIVED',
} as const;

const STAGE_NAMES: Readonly<Record<ModelStage__Output, string>> = {
  MODEL_STAGE_UNSPECIFIED: 'None',
  MODEL_STAGE_NONE: 'None',
  MODEL_STAGE_STAGING: 'Staging',
  MODEL_STAGE_PRODUCTION: 'Production',
  MODEL_STAGE_ARCHIVED: 'Archived',
};

/** Stages are written in any case. @throws {MlflowError} */
export function stageOf(word: string): (typeof STAGES)[keyof typeof STAGES] {
  const key = word.toLowerCase();
  if (Object.hasOwn(STAGES, key)) return STAGES[key as keyof typeof STAGES];
  const words = 'None, Staging, Production, Archived';
  throw invalid(`Invalid Model Version stage: ${word.slice(0, 100)}. Value must be one of ${words}.`);
}

/** Versions are text. @throws {MlflowError} on what is no number of one. */
export function versionOf(parameters: Parameters): string {
  const version = parameters.requiredId('version');
  if (/^[1-9]\d{0,17}$/.test(version)) return version;
  throw invalid(`Parameter 'version' must be an integer, got '${version.slice(0, 100)}'.`);
}

/** A version as clients read it. */
export const versionJson = (version: ModelVersion__Output): object => ({
  name: version.model,
  version: version.version,
  creation_timestamp: millisJson(version.create_time),
  last_updated_timestamp: millisJson(version.update_time),
  ...(version.user_id !== '' && { user_id: version.user_id }),
  current_stage: STAGE_NAMES[version.stage],
  description: version.description,
  source: version.source,
  run_id: version.run_id,
  status: 'READY', // before that it is not there
  tags: tagsJson(version.tags),
  run_link: version.run_link,
  aliases: version.aliases,
  ...(version.logged_model_id !== '' && { model_id: version.logged_model_id }),
});

/** A model as clients read it. @param latest the newest version of each stage. */
export const modelJson = (model: RegisteredModel__Output, latest: readonly ModelVersion__Output[]): object => ({
  name: model.name,
  creation_timestamp: millisJson(model.create_time),
  last_updated_timestamp: millisJson(model.update_time),
  description: model.description,
  latest_versions: latest.map(versionJson),
  tags: tagsJson(model.tags),
  aliases: model.aliases.map(({ name, version }) => ({ alias: name, version })),
});

/** The newest version of each stage. @param versions the newest first. */
export function newestByStage(versions: readonly ModelVersion__Output[]): ModelVersion__Output[] {
  const newest = new Map<string, ModelVersion__Output>();
  for (const version of versions) {
    const stage = STAGE_NAMES[version.stage];
    if (!newest.has(stage)) newest.set(stage, version);
  }
  return [...newest.values()];
}
