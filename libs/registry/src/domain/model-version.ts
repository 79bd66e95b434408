import type { Micros } from '@slipway/kernel';
import type { ModelSignature } from '@slipway/plugin-kit';
import type { JsonObject, PackageFile } from '@slipway/model-package';
import type { Tags } from './tags.ts';

/** Stages of MLflow; aliases, with policies and approvals, are the better way. */
export type ModelStage = 'none' | 'staging' | 'production' | 'archived';

/** Where a version was registered from; every text is empty for an upload. */
export interface VersionOrigin {
  /** As the caller wrote it. */
  readonly source: string;
  readonly runLink: string;
  /** The logged model that it was made of. */
  readonly loggedModelId: string;
  /** User name that the client gave. */
  readonly userId: string;
}

export const UPLOADED: VersionOrigin = { source: '', runLink: '', loggedModelId: '', userId: '' };

/** One signed package, or a note of one elsewhere. All but description, tags and stage is fixed for ever. */
export interface ModelVersion extends VersionOrigin {
  readonly model: string;
  /** 1, 2, 3, ... without gaps in the order of creation; never used again. */
  readonly version: bigint;
  readonly description: string;
  readonly tags: Tags;
  /** Lower-case hex sha256 of the canonical manifest; empty when it has no package. */
  readonly digest: string;
  readonly files: readonly PackageFile[];
  /** Path of the ONNX file among `files`; empty when it cannot be served. */
  readonly graph: string;
  readonly signature: ModelSignature;
  readonly features: readonly string[];
  readonly preprocessing: JsonObject;
  readonly postprocessing: JsonObject;
  /** Empty when there is none. */
  readonly runId: string;
  /** Empty for a model that was made elsewhere. */
  readonly trainingSetId: string;
  /** Principal that created it. */
  readonly principal: string;
  readonly createTime: Micros;
  readonly updateTime: Micros;
  /** Key id of the signature; empty when it has no package. */
  readonly signingKeyId: string;
  readonly stage: ModelStage;
}

/** How a caller names a version. */
export type VersionSelector = { readonly version: bigint } | { readonly alias: string };
