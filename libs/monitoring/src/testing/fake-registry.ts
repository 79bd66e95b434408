import { createHash } from 'node:crypto';
import type {
  DownloadModelVersionRequest,
  DownloadModelVersionResponse__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { NotFoundError, UnavailableError } from '@slipway/kernel';
import {
  encodeEnvelope,
  generateKeyPair,
  packageDigest,
  readSigningKey,
  signManifest,
  trustedKeyOf,
  type PackageManifest,
  type SigningKey,
} from '@slipway/model-package';
import type { RegistryCalls } from '../rpc/package-profile.ts';

interface FakePackage {
  readonly digest: string;
  readonly envelopeJson: string;
  readonly files: readonly { readonly path: string; bytes: Uint8Array }[];
}

const CHUNK_BYTES = 1_000; // small, so that files come in several chunks
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A registry in memory that holds signed packages; their graph is only some bytes. */
export class FakeRegistry implements RegistryCalls {
  /** Answers nothing while true. */
  away = false;
  downloads = 0;
  readonly key: SigningKey = readSigningKey(generateKeyPair().privateKeyPem);
  readonly trusted = trustedKeyOf(this.key);
  readonly #packages = new Map<string, FakePackage>();

  /** @param profile text of `profile.json`; undefined for a package without one. @returns the digest of the package. */
  publish(model: string, version: number, profile?: string, workspace = 'default'): string {
    const files = [
      { path: 'model.onnx', bytes: Buffer.from(`graph of ${model} ${version}`) },
      ...(profile === undefined ? [] : [{ path: 'profile.json', bytes: Buffer.from(profile) }]),
      { path: 'zebra.txt', bytes: Buffer.from('after it') },
    ];
    const tensor = [{ name: 'x', datatype: 'FP32', shape: [-1] }] as const;
    const manifest: PackageManifest = {
      formatVersion: 1,
      workspace,
      model,
      version,
      files: files.map(({ path, bytes }) => ({ path, bytes: bytes.length, sha256: sha256(bytes) })),
      graph: 'model.onnx',
      signature: { inputs: tensor, outputs: tensor },
      features: [],
      preprocessing: {},
      postprocessing: {},
      trainingSetId: '',
      runId: '',
      createdAt: '2001-04-01T00:00:00.000000Z',
    };
    const envelopeJson = Buffer.from(encodeEnvelope(signManifest(manifest, this.key))).toString('utf8');
    const digest = packageDigest(manifest);
    this.#packages.set(`${workspace}/${model}/${version}`, { digest, envelopeJson, files });
    return digest;
  }

  /** Changes a file without its digest. */
  damage(model: string, version: number, path: string, bytes: Uint8Array): void {
    const file = this.#packages.get(`default/${model}/${version}`)?.files.find((each) => each.path === path);
    if (!file) throw new Error(`there is no ${path}`);
    file.bytes = bytes;
  }

  async *downloadModelVersion(
    request: DownloadModelVersionRequest,
    { workspace }: { readonly workspace: string },
  ): AsyncIterable<DownloadModelVersionResponse__Output> {
    this.downloads += 1;
    if (this.away) throw new UnavailableError('the registry is away');
    const content = this.#packages.get(`${workspace}/${request.model}/${String(request.version)}`);
    if (!content) throw new NotFoundError('no such version', { reason: 'MODEL_VERSION_NOT_FOUND' });
    yield { part: 'envelope_json', envelope_json: content.envelopeJson };
    for (const { path, bytes } of content.files) {
      yield { part: 'file', file: { path } };
      for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
        yield { part: 'chunk', chunk: Buffer.from(bytes.subarray(offset, offset + CHUNK_BYTES)) };
      }
    }
  }
}
