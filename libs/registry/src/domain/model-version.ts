import type { Micros } from '@slipway/kernel';
import type { ModelSignature } from '@slipway/plugin-kit';
import type { JsonObject, PackageFile } from '@slipway/model-package';
import type { Tags } from './tags.ts';

/** One signed package. All but description and tags is fixed for ever. */
export interface ModelVersion {
  readonly model: string;
  /** 1, 2, 3, ... without gaps in the order of creation; never used again. */
  readonly version: bigint;
  readonly description: string;
  readonly tags: Tags;
  /** Lower-case hex sha256 of the canonical manifest. */
  readonly digest: string;
  readonly files: readonly PackageFile[];
  /** Path of the ONNX file among `files`. */
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
  /** Key id of the signature. */
  readonly signingKeyId: string;
}

/** How a caller names a version. */
export type VersionSelector = { readonly version: bigint } | { readonly alias: string };
