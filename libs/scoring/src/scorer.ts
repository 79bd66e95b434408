import { UnavailableError } from '@slipway/kernel';
import type { LoadedModel, ModelSignature, Tensor } from '@slipway/plugin-kit';
import type { InspectedGraph, PackageManifest, VerifiedManifest } from '@slipway/model-package';
import { assertInputs, inputRules, readOutputs, type InputRules } from './check-inputs.ts';

/**
 * One verified model version in memory. The same code scores online, in batch, in streams and embedded: a row gets the same answer everywhere.
 * Calls may overlap.
 */
export class Scorer {
  readonly manifest: PackageManifest;
  /** Lower-case hex sha256 of the signed manifest. */
  readonly digest: string;
  /** Trusted keys that signed it. */
  readonly keyIds: readonly string[];
  readonly graph: InspectedGraph;
  private readonly model: LoadedModel;
  private readonly rules: InputRules;
  private closed = false;

  constructor(verified: VerifiedManifest, graph: InspectedGraph, model: LoadedModel) {
    this.manifest = verified.manifest;
    this.digest = verified.digest;
    this.keyIds = verified.keyIds;
    this.graph = graph;
    this.model = model;
    this.rules = inputRules(verified.manifest.model, graph.signature, graph.inputDimensionNames);
  }

  get signature(): ModelSignature {
    return this.graph.signature;
  }

  /** `view:feature` or `request:feature`, in the order of the inputs; empty when callers send all inputs. */
  get features(): readonly string[] {
    return this.manifest.features;
  }

  /**
   * @param inputs one tensor for each declared input, in any order; read only, not kept. A dimension of size 0 is fine.
   * @param outputs names in the order wanted; all outputs in the order of the signature when absent or empty.
   * @throws {InvalidArgumentError} reasons INFERENCE_INPUT_INVALID, INFERENCE_OUTPUT_INVALID, or what the graph refuses.
   * @throws {UnavailableError} after `close`.
   */
  async score(
    inputs: readonly Tensor[],
    outputs: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<readonly Tensor[]> {
    if (this.closed) throw new UnavailableError('the model is unloaded', { reason: 'MODEL_UNLOADED' });
    assertInputs(this.rules, inputs);
    return this.model.run(inputs, readOutputs(this.rules, outputs), signal);
  }

  /** Refuses new calls, waits for running ones, releases the model; safe to call twice. */
  async close(): Promise<void> {
    this.closed = true;
    await this.model.close();
  }
}
