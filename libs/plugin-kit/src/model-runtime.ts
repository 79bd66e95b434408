import type { Plugin } from './plugin.ts';
import type { ModelSignature, Tensor } from './tensor.ts';

/** A model in memory. Calls may overlap. */
export interface LoadedModel {
  readonly signature: ModelSignature;
  /**
   * One call is one batch for the runtime.
   * @param inputs one tensor for each declared input, shapes already checked against the signature; read only, not kept.
   * @param outputs names to compute, in the order wanted.
   * @throws {InvalidArgumentError} when the graph refuses the values. @throws {UnavailableError} after `close`.
   */
  run(inputs: readonly Tensor[], outputs: readonly string[], signal: AbortSignal): Promise<readonly Tensor[]>;
  /** Waits for running calls, then releases native memory; safe to call twice. */
  close(): Promise<void>;
}

/** Runs models of data formats, never code. */
export interface ModelRuntime {
  /** File formats it takes, e.g. `onnx`. */
  readonly formats: readonly string[];
  open(signal: AbortSignal): Promise<void>;
  /** @param model the whole file, its digest verified by the caller. @throws {FailedPreconditionError} when the runtime cannot load it; facts name the cause. */
  load(model: Uint8Array, format: string, signal: AbortSignal): Promise<LoadedModel>;
  close(): Promise<void>;
}

export type ModelRuntimePlugin<Config = unknown> = Plugin<'model-runtime', Config, ModelRuntime>;
