import type { ModelSignature, Tensor } from '@slipway/plugin-kit';

/** What a REST request asks for. */
export interface InferBody {
  /** Empty when the caller gave none. */
  readonly id: string;
  readonly inputs: readonly Tensor[];
  /** In the order wanted; undefined for all. */
  readonly outputs: readonly string[] | undefined;
  /** Whether an output goes in binary form. */
  readonly isBinary: (output: string) => boolean;
}

export interface InferBodyOptions {
  /** As the caller named it. */
  readonly model: string;
  readonly signature: ModelSignature;
  /** Elements of all inputs together. */
  readonly elementsMax: number;
  readonly jsonBytesMax: number;
}
