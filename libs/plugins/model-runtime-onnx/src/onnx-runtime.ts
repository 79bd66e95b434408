import { createHash } from 'node:crypto';
import { FailedPreconditionError, UnavailableError, UnsupportedError, type Logger } from '@slipway/kernel';
import type { LoadedModel, ModelRuntime } from '@slipway/plugin-kit';
import type { OnnxRuntimeConfig } from './config.ts';
import { loadError } from './errors.ts';
import { OnnxModel } from './onnx-model.ts';
import { createSession } from './session.ts';
import { trialLoad } from './trial-load.ts';

const TRIED_MAX = 1024;

/** Runs ONNX graphs in this process, on the thread that calls. */
export class OnnxRuntime implements ModelRuntime {
  readonly formats = ['onnx'] as const;
  private readonly config: OnnxRuntimeConfig;
  private readonly log: Logger;
  private readonly models = new Set<OnnxModel>();
  /** Digests that passed their trial in the life of this runtime, oldest first. */
  private readonly tried = new Set<string>();
  private state: 'created' | 'open' | 'closed' = 'created';

  constructor(config: OnnxRuntimeConfig, log: Logger) {
    this.config = config;
    this.log = log;
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.state !== 'created') throw new FailedPreconditionError('the runtime was opened before');
    this.state = 'open';
  }

  async load(model: Uint8Array, format: string, signal: AbortSignal): Promise<LoadedModel> {
    signal.throwIfAborted();
    this.assertOpen();
    if (format !== 'onnx') {
      throw new UnsupportedError(`this runtime takes onnx, not '${format}'`, { reason: 'MODEL_FORMAT_UNSUPPORTED' });
    }
    await this.tryOnce(model, signal);
    const loaded = await this.create(model);
    if (this.state !== 'open' || signal.aborted) {
      await loaded.close(); // the runtime was closed, or the caller left, while it loaded
      signal.throwIfAborted();
      this.assertOpen();
    }
    return loaded;
  }

  private async create(model: Uint8Array): Promise<OnnxModel> {
    try {
      const session = await createSession(model, this.config.threads);
      const loaded: OnnxModel = new OnnxModel(session, () => this.models.delete(loaded));
      this.models.add(loaded);
      return loaded;
    } catch (error) {
      throw loadError(error);
    }
  }

  private async tryOnce(model: Uint8Array, signal: AbortSignal): Promise<void> {
    if (!this.config.trial) return;
    const digest = createHash('sha256').update(model).digest('hex');
    if (this.tried.has(digest)) return;
    const report = await trialLoad(model, { ...this.config.trial, signal });
    this.log.info({ digest, ...report, signature: undefined }, 'graph passed its trial');
    if (this.tried.size >= TRIED_MAX) this.tried.delete(this.tried.values().next().value ?? '');
    this.tried.add(digest);
  }

  private assertOpen(): void {
    if (this.state !== 'open') {
      throw new UnavailableError('the model runtime is not open', { reason: 'MODEL_RUNTIME_CLOSED' });
    }
  }

  async close(): Promise<void> {
    this.state = 'closed';
    await Promise.all([...this.models].map((model) => model.close()));
  }
}
