import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson, DomainError, InvalidArgumentError } from '@slipway/kernel';
import { signPayload } from '../signing/envelope.ts';
import { generateKeyPair, readSigningKey, trustedKeyOf } from '../signing/keys.ts';
import { parseManifest, type PackageManifest } from './manifest.ts';
import {
  encodeManifest,
  MANIFEST_PAYLOAD_TYPE,
  packageDigest,
  signManifest,
  verifyEnvelope,
} from './signed-manifest.ts';

const sha256 = 'a'.repeat(64);
const manifest: PackageManifest = {
  formatVersion: 1,
  workspace: 'default',
  model: 'flight-delay',
  version: 7,
  files: [
    { path: 'model.onnx', bytes: 1234, sha256 },
    { path: 'docs/card.md', bytes: 0, sha256 },
  ],
  graph: 'model.onnx',
  signature: {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
    outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
  },
  features: ['delays:mean_1h'],
  preprocessing: {},
  postprocessing: { outputs: { probability: { meaning: 'probability', positiveClass: 'late' } } },
  trainingSetId: 'b'.repeat(64),
  runId: '0198f3a2c4d5',
  createdAt: '2001-04-01T00:00:00.000001Z',
};
const key = readSigningKey(generateKeyPair().privateKeyPem);
const trusted = [trustedKeyOf(key)];

function failureOf(action: () => unknown): DomainError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return error as DomainError;
  }
  throw new Error('did not fail');
}

describe('parseManifest', () => {
  it('takes a manifest and gives it back', () => {
    expect(parseManifest(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  const [file] = manifest.files;
  it.each<[string, Record<string, unknown>, string]>([
    ['another format', { formatVersion: 2 }, 'formatVersion'],
    ['a workspace that is no label', { workspace: 'Default' }, 'workspace'],
    ['a model called ..', { model: '..' }, 'model'],
    ['version 0', { version: 0 }, 'version'],
    ['version 1.5', { version: 1.5 }, 'version'],
    ['a path that leaves', { files: [file, { ...file, path: '../model.onnx' }] }, 'files[1].path'],
    ['an absolute path', { files: [file, { ...file, path: '/etc/passwd' }] }, 'files[1].path'],
    ['a path with a hidden step up', { files: [file, { ...file, path: 'a/../../b' }] }, 'files[1].path'],
    ['a path with a backslash', { files: [file, { ...file, path: 'a\\b' }] }, 'files[1].path'],
    ['a path with NUL', { files: [file, { ...file, path: 'a\0b' }] }, 'files[1].path'],
    ['two paths that differ in case', { files: [file, { ...file, path: 'MODEL.onnx' }] }, 'files[1].path'],
    ['the place of the envelope', { files: [file, { ...file, path: 'package.dsse.json' }] }, 'files[1].path'],
    ['65 files', { files: Array.from({ length: 65 }, (_, n) => ({ ...file, path: n ? `f${n}` : 'model.onnx' })) }, 'files'],
    
    ['a negative size', { files: [{ ...file, bytes: -1 }] }, 'files[0].bytes'],
    ['a digest in capitals', { files: [{ ...file, sha256: sha256.toUpperCase() }] }, 'files[0].sha256'],
    ['a graph that is no file', { graph: 'other.onnx' }, 'graph'],
    ['an unknown datatype', { signature: { ...manifest.signature, inputs: [{ name: 'x', datatype: 'BF16', shape: [1] }] } }, 'signature.inputs[0].datatype'],
    ['a size of -2', { signature: { ...manifest.signature, inputs: [{ name: 'x', datatype: 'FP32', shape: [-2] }] } }, 'signature.inputs[0].shape[0]'],
    ['a list for an object', { preprocessing: [] }, 'preprocessing'],
    ['a hidden prototype', { postprocessing: JSON.parse('{"a":{"__proto__":{"b":1}}}') as unknown }, 'postprocessing'],
    ['nesting without end', { preprocessing: { a: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as unknown } }, 'preprocessing'],
    ['a day', { createdAt: '2001-04-01' }, 'createdAt'],
    ['milliseconds', { createdAt: '2001-04-01T00:00:00.000Z' }, 'createdAt'],
    ['another field', { notes: 'hello' }, 'manifest'],
  ])('refuses %s', (_, changes, field) => {
    const failure = failureOf(() => parseManifest({ ...manifest, ...changes }));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect(failure.reason).toBe('MANIFEST_INVALID');
    expect(failure.violations.map((violation) => violation.field)).toEqual([field]);
  }); // prettier-ignore

  it('refuses a package without files', () => {
    const failure = failureOf(() => parseManifest({ ...manifest, files: [] }));
    expect(failure.violations.map(({ field }) => field)).toEqual(['files', 'graph']);
  });

  it('names all violations at once', () => {
    const failure = failureOf(() => parseManifest({ ...manifest, version: 0, model: '', createdAt: '' }));
    expect(failure.violations.map(({ field }) => field).sort()).toEqual(['createdAt', 'model', 'version']);
  });
});

describe('signed manifest', () => {
  it('comes back with its digest', () => {
    const verified = verifyEnvelope(JSON.parse(JSON.stringify(signManifest(manifest, key))), trusted);
    expect(verified.manifest).toEqual(manifest);
    expect(verified.digest).toBe(packageDigest(manifest));
    expect(verified.digest).toBe(createHash('sha256').update(encodeManifest(manifest)).digest('hex'));
    expect(verified.keyIds).toEqual([key.keyId]);
  });

  it('has one digest whatever the order of its fields', () => {
    const backwards = Object.fromEntries(Object.entries(manifest).reverse()) as unknown as PackageManifest;
    expect(packageDigest(backwards)).toBe(packageDigest(manifest));
    expect(packageDigest({ ...manifest, version: 8 })).not.toBe(packageDigest(manifest));
  });

  const sealed = (text: string) => signPayload(MANIFEST_PAYLOAD_TYPE, Buffer.from(text), key);
  it.each([
    ['a manifest with spaces', JSON.stringify(manifest, undefined, 1)],
    ['a manifest with a key twice', canonicalJson(manifest).replace('{"createdAt"', '{"createdAt":"x","createdAt"')],
    ['a broken manifest', canonicalJson({ ...manifest, version: -1 })],
    ['no JSON', 'hello'],
    ['null', 'null'],
  ])('refuses %s, though it is signed', (_, text) => {
    expect(failureOf(() => verifyEnvelope(sealed(text), trusted))).toMatchObject({
      kind: 'data-loss',
      reason: 'MANIFEST_INVALID',
    });
  });

  it('does not sign what breaks its rules', () => {
    expect(failureOf(() => signManifest({ ...manifest, graph: 'x' }, key)).reason).toBe('MANIFEST_INVALID');
  });
});
