import {
  InvalidArgumentError,
  UnavailableError,
  UnsupportedError,
  type LoadedModel,
  type ModelRuntime,
  type ModelRuntimePlugin,
  type Tensor,
} from '@slipway/plugin-kit';
import { Settings } from '../settings.ts';
import { evaluate } from './evaluate.ts';
import { readModelFile, type ModelFile } from './model-file.ts';

const FORMAT = 'tensor-json';

class JsonModel implements LoadedModel {
  readonly signature: LoadedModel['signature'];
  readonly #file: ModelFile;
  #isClosed = false;

  constructor(file: ModelFile) {
    const { inputs, outputs } = file;
    this.#file = file;
    this.signature = { inputs, outputs };
  }

  /** Computes within the call, so there is never a running one to wait for. */
  async run(inputs: readonly Tensor[], outputs: readonly string[], signal: AbortSignal): Promise<readonly Tensor[]> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new UnavailableError('the model is closed', { reason: 'MODEL_CLOSED' });
    const known = new Map(inputs.map((tensor) => [tensor.name, tensor]));
    for (const node of this.#file.nodes) known.set(node.output, evaluate(node, known));
    return outputs.map((name) => {
      const tensor = known.get(name);
      if (!tensor) throw InvalidArgumentError.of('outputs', `the model has no '${name}'`);
      return tensor;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}

class JsonRuntime implements ModelRuntime {
  readonly formats = [FORMAT];
  readonly #models = new Set<JsonModel>();
  #isOpen = false;

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#isOpen = true;
  }

  async load(model: Uint8Array, format: string, signal: AbortSignal): Promise<LoadedModel> {
    signal.throwIfAborted();
    if (!this.#isOpen) throw new UnavailableError('the model runtime is not open', { reason: 'RUNTIME_CLOSED' });
    if (format !== FORMAT) throw new UnsupportedError(`this runtime takes ${FORMAT}, not '${format}'`);
    const loaded = new JsonModel(readModelFile(model));
    this.#models.add(loaded);
    return loaded;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.all([...this.#models].map((model) => model.close()));
    this.#models.clear();
  }
}

/** Runs models that are JSON; see `ModelFile`. No settings. */
export const tensorJsonPlugin: ModelRuntimePlugin<object> = {
  port: 'model-runtime',
  name: 'tensor-json',
  apiVersion: 1,
  parseConfig: (raw) => {
    new Settings(raw).check();
    return {};
  },
  create: () => new JsonRuntime(),
};
