import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, readSigningKey } from '@slipway/model-package';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconcileAliases } from './domain/reconcile-aliases.ts';
import { createRegistrySource } from './rpc/registry-source.ts';
import { constantModel, signedPackage, type TestPackage } from './testing/constant-model.ts';
import { ServingHarness, TRUSTED_KEY, type HarnessOptions } from './testing/serving-harness.ts';

const never = new AbortController().signal;
let directory = temporaryDirectory();
let harness: ServingHarness | undefined;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(async () => {
  await harness?.stop();
  directory.remove();
});

const start = async (options: Partial<HarnessOptions> = {}): Promise<ServingHarness> =>
  (harness = await ServingHarness.start({ directory: directory.path, ...options }));

const identity = (version: number) => ({ workspace: 'default', model: 'm', version });
const good = signedPackage(identity(2), constantModel(2), TRUSTED_KEY);
const bentGraph = (content: TestPackage): TestPackage => ({
  ...content,
  files: content.files.map(({ path, bytes }) => ({
    path,
    bytes: path === 'model.onnx' ? bytes.map((byte, index) => (index === 40 ? byte ^ 1 : byte)) : bytes,
  })),
});
const stranger = readSigningKey(generateKeyPair().privateKeyPem);
/** Passes every check of ours and is refused by the runtime: there is no such operator. */
const unknownOperator = (): Uint8Array => {
  const bytes = Buffer.from(constantModel(2));
  bytes.write('Adq', bytes.indexOf('Add'));
  return bytes;
};

describe('a version that cannot be loaded', () => {
  it.each<[string, TestPackage, string]>([
    ['changed bytes', bentGraph(good), 'FILE_DIGEST_MISMATCH'],
    ['a file cut short', { ...good, files: good.files.map(({ path, bytes }) => ({ path, bytes: bytes.subarray(1) })) }, 'FILE_DIGEST_MISMATCH'],
    ['a missing file', { ...good, files: good.files.slice(0, 1) }, 'FILE_DIGEST_MISMATCH'],
    ['another signer', signedPackage(identity(2), constantModel(2), stranger), 'UNTRUSTED_SIGNER'],
    ['a changed envelope', { ...good, envelopeJson: good.envelopeJson.replace(/"sig":"..../, '"sig":"AAAA') }, 'SIGNATURE_INVALID'],
    ['no envelope', { ...good, envelopeJson: '' }, 'ENVELOPE_INVALID'],
    ['a package of another version', signedPackage(identity(3), constantModel(2), TRUSTED_KEY), 'PACKAGE_IDENTITY_MISMATCH'],
    ['a graph that does not load', signedPackage(identity(2), unknownOperator(), TRUSTED_KEY), 'MODEL_LOAD_FAILED'],
    ['a package that is too large', signedPackage(identity(2), Buffer.alloc(1_100_000), TRUSTED_KEY, { signature: { inputs: [], outputs: [{ name: 'y', datatype: 'FP32', shape: [1] }] } }), 'PACKAGE_TOO_LARGE'],
  ])('leaves the old one answering and says why: %s', async (_, content, reason) => {
    const made = await start();
    const { registry, service } = made;
    made.publish('m', 1);
    await made.moveAndSettle('m', 1);
    registry.publish('m', 2, content);
    await made.moveAndSettle('m', 2);
    expect(await made.infer('m', [10])).toEqual({ version: '1', y: [11] });
    expect(service.models.find({ workspace: 'default', model: 'm', alias: 'champion' })?.slot.failure?.reason).toBe(reason);
    const [, failed, ...more] = await made.facts();
    expect(more).toEqual([]);
    expect(failed?.type).toBe('slipway.serving.model.failed.v1');
    expect(failed?.data).toMatchObject({ model: 'm', alias: 'champion', version: '2', server: 'serving-0', alias_revision: '2', reason, serving_version: '1' });
    // a good version after it is served
    made.publish('m', 3);
    await made.moveAndSettle('m', 3);
    expect((await made.infer('m', [0])).version).toBe('3');
  }); // prettier-ignore

  it('does not take another package for the one that the alias names, though it is well signed', async () => {
    const made = await start();
    made.publish('m', 1);
    await made.moveAndSettle('m', 1);
    made.publish('m', 2);
    const { key, target } = made.registry.move('m', 'champion', 2);
    made.registry.publish('m', 2, signedPackage(identity(2), constantModel(20), TRUSTED_KEY));
    await made.service.models.apply(key, target);
    await made.service.models.settled();
    expect((await made.infer('m', [0])).version).toBe('1');
    expect((await made.facts()).at(-1)?.data).toMatchObject({ reason: 'PACKAGE_DIGEST_MISMATCH' });
  });

  it('waits for a registry that is away, and loads once it is back', async () => {
    const made = await start();
    made.publish('m', 1);
    made.publish('m', 2);
    await made.moveAndSettle('m', 1);
    made.registry.away = true;
    await made.moveAndSettle('m', 2);
    expect(made.registry.downloads).toBe(1 + 3); // one round of tries
    expect((await made.infer('m', [0])).version).toBe('1');
    expect((await made.facts()).at(-1)?.data).toMatchObject({
      reason: 'UNAVAILABLE',
      version: '2',
      serving_version: '1',
    });
    await expect(reconcileAliases(made.service.models, createRegistrySource(made.registry), never)).rejects.toThrow(
      'away',
    );
    expect((await made.infer('m', [0])).version).toBe('1'); // what is not listed is not deleted when the list failed
    made.registry.away = false;
    await reconcileAliases(made.service.models, createRegistrySource(made.registry), never);
    await made.service.models.settled();
    expect((await made.infer('m', [0])).version).toBe('2');
  });

  it('tries the graph in a process of its own when the runtime is told to', async () => {
    const made = await start({ trial: true });
    made.publish('m', 1);
    await made.moveAndSettle('m', 1);
    made.registry.publish('m', 2, signedPackage(identity(2), unknownOperator(), TRUSTED_KEY));
    await made.moveAndSettle('m', 2);
    expect((await made.facts()).at(-1)?.data).toMatchObject({ reason: 'MODEL_LOAD_FAILED' });
    expect((await made.infer('m', [0])).version).toBe('1');
  });
});

describe('events and the registry', () => {
  it('ends with the newest move, however late, often and out of order the events come', async () => {
    const made = await start();
    for (let version = 1; version <= 4; version++) made.publish('m', version);
    const moves = [1, 2, 3, 2, 4].map((version) => made.registry.move('m', 'champion', version));
    for (const index of [2, 0, 4, 4, 1, 3, 2]) {
      const move = moves[index];
      if (move) await made.service.models.apply(move.key, move.target);
    }
    await made.service.models.settled();
    expect((await made.infer('m', [0])).version).toBe('4');
  });

  it('finds moves and deletions whose events were lost, over several pages', async () => {
    const made = await start();
    made.publish('m', 1);
    made.publish('m', 2);
    for (const alias of ['a', 'b', 'c', 'd', 'e']) await made.moveAndSettle('m', 1, alias);
    made.registry.move('m', 'b', 2);
    made.registry.move('m', 'c', 0);
    made.registry.move('m', 'f', 2);
    await reconcileAliases(made.service.models, createRegistrySource(made.registry), never);
    await made.service.models.settled();
    const versions = await Promise.all(['a', 'b', 'd', 'e', 'f'].map((alias) => made.infer(`m@${alias}`, [0])));
    expect(versions.map(({ version }) => version)).toEqual(['1', '2', '1', '1', '2']);
    await expect(made.infer('m@c', [0])).rejects.toThrow("Request for unknown model: 'm@c' is not found");
    await made.moveAndSettle('m', 2, 'c'); // made again: its revisions go on
    expect((await made.infer('m@c', [0])).version).toBe('2');
  });

  it('does not take for deleted what moved while the registry listed', async () => {
    const made = await start();
    made.publish('m', 1);
    made.publish('m', 2);
    await made.moveAndSettle('m', 1);
    const source = {
      async *list() {
        yield [];
        await made.moveAndSettle('m', 2);
      },
    };
    await reconcileAliases(made.service.models, source, never);
    expect((await made.infer('m', [0])).version).toBe('2');
  });
});

describe('a restart', () => {
  it('serves from disk while the registry is away, and tells nothing new', async () => {
    const first = await start();
    first.publish('m', 1);
    first.publish('m', 2);
    await first.moveAndSettle('m', 1);
    await first.moveAndSettle('m', 2);
    const { registry } = first;
    const facts = await first.facts();
    await first.stop();
    registry.away = true;
    const downloads = registry.downloads;
    const again = await start({ registry });
    await again.service.models.settled();
    expect(await again.infer('m', [5])).toEqual({ version: '2', y: [7] });
    expect(registry.downloads).toBe(downloads);
    expect(again.service.isReady()).toBe(true);
    expect(await again.facts()).toEqual(facts);
  });

  it('loads what moved while it was down', async () => {
    const first = await start();
    first.publish('m', 1);
    first.publish('m', 2);
    await first.moveAndSettle('m', 1);
    const { registry } = first;
    await first.stop();
    registry.move('m', 'champion', 2);
    const again = await start({ registry });
    await reconcileAliases(again.service.models, createRegistrySource(registry), never);
    await again.service.models.settled();
    expect((await again.infer('m', [0])).version).toBe('2');
  });

  it('fetches a kept package again when it was damaged, and does not serve it when it cannot', async () => {
    const first = await start();
    first.publish('m', 1);
    await first.moveAndSettle('m', 1);
    const { registry } = first;
    await first.stop();
    damage(join(directory.path, 'packages'));
    registry.away = true;
    const away = await start({ registry });
    await away.service.models.settled();
    await expect(away.infer('m', [0])).rejects.toThrow("Model 'm' version 1 is not at ready state");
    await away.stop();
    registry.away = false;
    const again = await start({ registry });
    await again.service.models.settled();
    expect((await again.infer('m', [0])).version).toBe('1');
  });
});

/** Flips a bit in the middle of every stored graph. */
function damage(packages: string): void {
  for (const digest of readdirSync(packages)) {
    const file = join(packages, digest, '1');
    expect(statSync(file).size).toBeGreaterThan(50);
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }
}
