import { join } from 'node:path';
import { inspectGraph } from '@slipway/model-package';
import { NotFoundError } from '@slipway/kernel';
import { readTrustedKey, type TrustedKey } from '@slipway/model-package';
import type { SignedPackage } from '@slipway/batch-worker/testing';
import type { RegistryCalls } from '../rpc/registry-source.ts';
import { SharedState } from './shared-state.ts';

interface StoredVersion {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  readonly envelopeJson: string;
  readonly features: readonly string[];
  readonly graph: string;
  readonly trustedKey: string;
}

interface RegistryState {
  readonly versions: readonly StoredVersion[];
  readonly aliases: Readonly<Record<string, number>>;
}

/** Versions and aliases of signed packages, kept in a directory. */
export class FakeRegistry {
  readonly #state: SharedState<RegistryState>;

  constructor(directory: string) {
    this.#state = new SharedState(join(directory, 'registry.json'), { versions: [], aliases: {} });
  }

  add(pack: SignedPackage, features: readonly string[], alias: string): void {
    const graph = Buffer.from(pack.files[0]?.content ?? []).toString('base64');
    const { name, version, digest, envelopeJson } = pack;
    const stored = { name, version, digest, envelopeJson, features, graph, trustedKey: pack.trustedKeys[0] ?? '' };
    this.#state.change(({ versions, aliases }) => ({
      versions: [...versions, stored],
      aliases: { ...aliases, [`${name}@${alias}`]: version },
    }));
  }

  get trustedKeys(): readonly TrustedKey[] {
    return this.#state
      .read()
      .versions.slice(0, 1)
      .map(({ trustedKey }) => readTrustedKey(trustedKey));
  }

  get calls(): RegistryCalls {
    const find = (request: object): StoredVersion => this.#find(request as { model: string });
    return {
      getModelVersion: async (request) => {
        const { name, version, digest, features, graph } = find(request);
        const { inputs, outputs } = inspectGraph(Buffer.from(graph, 'base64')).signature;
        const message = { model: name, version: `${version}`, digest, features, inputs, outputs };
        return { version: message } as never;
      },
      downloadModelVersion: async function* (request) {
        const { envelopeJson, graph } = find(request);
        yield { part: 'envelope_json', envelope_json: envelopeJson } as never;
        yield { part: 'file', file: { path: 'model.onnx' } } as never;
        const content = Buffer.from(graph, 'base64');
        yield { part: 'chunk', chunk: content.subarray(0, 100) } as never;
        yield { part: 'chunk', chunk: content.subarray(100) } as never;
      },
    };
  }

  #find({ model, alias, version }: { model: string; alias?: string; version?: string }): StoredVersion {
    const { versions, aliases } = this.#state.read();
    const wanted = alias === undefined ? Number(version) : aliases[`${model}@${alias}`];
    const found = versions.find((one) => one.name === model && one.version === wanted);
    if (found) return found;
    throw new NotFoundError('there is no such version', { reason: 'MODEL_VERSION_NOT_FOUND' });
  }
}
