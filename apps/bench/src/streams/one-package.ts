import { signPackage } from '@slipway/batch-worker/testing';
import { buildModel } from '@slipway/model-package';
import type { RegistryCalls } from '@slipway/serving';
import { FEATURES } from './events.ts';

export const MODEL = 'sum';

/** `score` is the sum of the features of an event: next to nothing, so that what is measured is the way to the model and back. */
const graph = (): Uint8Array =>
  buildModel({
    producer: 'slipway-bench',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'sum',
      inputs: FEATURES.map((name) => ({ name, datatype: 'FP64', shape: [-1, 1] })),
      outputs: [{ name: 'score', datatype: 'FP64', shape: [-1, 1] }],
      nodes: [{ op: 'Sum', inputs: FEATURES, outputs: ['score'] }],
    },
  });

/** A registry with one model of one version, its champion. @returns its calls, and the keys that its package is signed with, as PEM. */
export function onePackage(): { readonly registry: RegistryCalls; readonly trustedKeys: readonly string[] } {
  const features = FEATURES.map((name) => `request:${name}`);
  const { workspace, digest, envelopeJson, files, trustedKeys } = signPackage(graph(), features, 1, MODEL);
  const champion = { model: MODEL, name: 'champion', workspace, version: '1', revision: '1', digest };
  const registry: RegistryCalls = {
    listAliases: async () => ({
      aliases: [{ ...champion, principal: 'bench', update_time: null }],
      next_page_token: '',
    }),
    async *downloadModelVersion() {
      yield { part: 'envelope_json', envelope_json: envelopeJson };
      for (const { path, content } of files) {
        yield { part: 'file', file: { path } };
        yield { part: 'chunk', chunk: Buffer.from(content) };
      }
    },
  };
  return { registry, trustedKeys };
}
