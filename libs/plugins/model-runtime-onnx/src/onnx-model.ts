import type ort from 'onnxruntime-node';
import { UnavailableError } from '@slipway/kernel';
import type { LoadedModel, ModelSignature, Tensor } from '@slipway/plugin-kit';
import { runError } from './errors.ts';
import { signatureOf } from './session.ts';
import { fromOrt, toOrt } from './tensors.ts';

/**
 * One session. A run occupies the calling thread (the package has no asynchronous run), so whoever serves large models does it off the main
 * loop; calls that overlap take turns.
 */
export class OnnxModel implements LoadedModel {
  readonly signature: ModelSignature;
  private readonly session: ort.InferenceSession;
  private readonly onClosed: () => void;
  private running = 0;
  private closing: Promise<void> | undefined;
  private settle: () => void = () => undefined;

  constructor(session: ort.InferenceSession, onClosed: () => void) {
    this.session = session;
    this.signature = signatureOf(session);
    this.onClosed = onClosed;
  }

  async run(inputs: readonly Tensor[], outputs: readonly string[], signal: AbortSignal): Promise<readonly Tensor[]> {
    signal.throwIfAborted();
    if (this.closing) throw new UnavailableError('the model is unloaded', { reason: 'MODEL_UNLOADED' });
    this.running += 1;
    try {
      // fromEntries defines properties, so that an input called __proto__ is one like any other
      const feeds = Object.fromEntries(inputs.map((input) => [input.name, toOrt(input)]));
      const results = await this.session.run(feeds, outputs);
      return outputs.map((name) => fromOrt(name, results[name] as ort.Tensor));
    } catch (error) {
      throw runError(error);
    } finally {
      this.running -= 1;
      if (this.running === 0) this.settle();
    }
  }

  close(): Promise<void> {
    this.closing ??= this.release();
    return this.closing;
  }

  private async release(): Promise<void> {
    if (this.running > 0) await new Promise<void>((resolve) => (this.settle = resolve));
    await this.session.release();
    this.onClosed();
  }
}
