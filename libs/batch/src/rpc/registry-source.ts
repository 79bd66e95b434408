import type {
  DownloadModelVersionRequest,
  DownloadModelVersionResponse__Output,
  GetModelVersionRequest,
  GetModelVersionResponse__Output,
  TensorSpec__Output,
} from '@slipway/contracts/slipway.registry.v1';
import type { Datatype, TensorSpec } from '@slipway/plugin-kit';
import type { ModelRegistry, Outgoing, PackagePart } from '../domain/ports.ts';

/** The calls of the registry's client that scoring jobs make. */
export interface RegistryCalls {
  getModelVersion(request: GetModelVersionRequest, options: Outgoing): Promise<GetModelVersionResponse__Output>;
  downloadModelVersion(
    request: DownloadModelVersionRequest,
    options: Outgoing,
  ): AsyncIterable<DownloadModelVersionResponse__Output>;
}

const toSpec = ({ name, datatype, shape }: TensorSpec__Output): TensorSpec => ({
  name,
  datatype: datatype as Datatype,
  shape: shape.map(Number),
});

function toPart(message: DownloadModelVersionResponse__Output): PackagePart | undefined {
  if (message.part === 'envelope_json') return { kind: 'envelope', json: message.envelope_json ?? '' };
  if (message.part === 'file') return { kind: 'file', path: message.file?.path ?? '' };
  if (message.part === 'chunk') return { kind: 'chunk', bytes: message.chunk ?? new Uint8Array(0) };
  return undefined; // a part of a later contract
}

/** The registry as scoring jobs see it, over its client. */
export function createModelRegistry(registry: RegistryCalls): ModelRegistry {
  return {
    resolve: async (model, alias, version, call) => {
      const request = alias === '' ? { model, version: `${version}` } : { model, alias };
      const { version: found } = await registry.getModelVersion(request, call);
      if (!found) throw new Error('the registry answered without a version');
      const { digest, features, inputs, outputs } = found;
      const signature = { inputs: inputs.map(toSpec), outputs: outputs.map(toSpec) };
      return { name: model, version: Number(found.version), digest, features, signature };
    },
    async *download(model, version, call) {
      for await (const message of registry.downloadModelVersion({ model, version: `${version}` }, call)) {
        const part = toPart(message);
        if (part) yield part;
      }
    },
  };
}
