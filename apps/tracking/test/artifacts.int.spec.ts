import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTracking, streamOf, type TrackingUnderTest } from './tracking-under-test.ts';

const MEBI = 1024 * 1024;
/** Of the large file; more than what may be in memory. */
const LARGE_MEBI = 192;
const GROWTH_MEBI_MAX = 128;
const CHUNK_BYTES = 256 * 1024;
const TIMEOUT_MS = 120_000;

const directory = temporaryDirectory();
let tracking: TrackingUnderTest;
let runId = '';
let location = '';
beforeAll(async () => {
  tracking = await startTracking({}, directory.path);
  const { run } = await tracking.as('alice').createRun({});
  runId = run?.run_id ?? '';
  location = (run?.artifact_uri ?? '').replace('mlflow-artifacts:/', '');
});
afterAll(async () => {
  await tracking.stop();
  directory.remove();
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const put = (header: object, content: Buffer) =>
  tracking.as('alice').uploadArtifact(streamOf([{ header }, { chunk: content }]));

async function get(request: object): Promise<{ bytes: string | undefined; content: Buffer }> {
  const chunks: Buffer[] = [];
  let bytes: string | undefined;
  for await (const { artifact, chunk } of tracking.as('alice').downloadArtifact(request)) {
    if (artifact) bytes = artifact.bytes;
    chunks.push(chunk);
  }
  return { bytes, content: Buffer.concat(chunks) };
}

/** Resident memory of the service. */
const residentMebi = (): number => {
  const [, kibi] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${tracking.process.pid}/status`, 'utf8')) ?? [];
  return Number(kibi) / 1024;
};

describe('artifacts over the wire', () => {
  it('are the same by run and by location, under names as people have them', async () => {
    const alice = tracking.as('alice');
    await put({ owner: { location: `${location}/plots` }, path: 'Größe (1).png' }, Buffer.from('png'));
    await put({ run_id: runId, path: 'plots/.hidden' }, Buffer.from('hidden'));
    expect((await get({ owner: { run_id: runId }, path: 'plots/Größe (1).png' })).content.toString()).toBe('png');
    expect((await get({ owner: { location: `${location}/plots/.hidden` } })).content.toString()).toBe('hidden');
    const { artifacts } = await alice.listArtifacts({ owner: { location }, path: 'plots' });
    expect(artifacts.map(({ path }) => path)).toEqual(['plots/.hidden', 'plots/Größe (1).png']);
    expect((await alice.deleteArtifacts({ owner: { location: `${location}/plots` } })).files).toBe('2');
    await expect(alice.deleteArtifacts({ owner: { location: `${location}/plots` } })).rejects.toMatchObject({
      reason: 'ARTIFACT_NOT_FOUND',
    });
    await expect(alice.deleteArtifacts({ owner: { location } })).rejects.toMatchObject({ kind: 'invalid-argument' });
  });

  it('belong to logged models, too', async () => {
    const alice = tracking.as('alice');
    const { model } = await alice.createLoggedModel({ experiment_id: '0' });
    const model_id = model?.model_id ?? '';
    const place = (model?.artifact_uri ?? '').replace('mlflow-artifacts:/', '');
    await put({ owner: { location: `${place}/MLmodel` } }, Buffer.from('flavors: {}'));
    expect((await get({ owner: { model_id }, path: 'MLmodel' })).content.toString()).toBe('flavors: {}');
    await expect(tracking.as('carol').listArtifacts({ owner: { location: place } })).rejects.toMatchObject({
      kind: 'not-found',
    });
  });

  it('are given in parts, with the size of the whole', async () => {
    const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251));
    await put({ run_id: runId, path: 'ranges' }, content);
    for (const [offset, length] of [
      [0, 1],
      [999_999, 5],
      [262_143, 2],
      [500_000, 0],
    ] as const) {
      const part = await get({ run_id: runId, path: 'ranges', offset, length });
      expect(part.bytes).toBe('1000000');
      expect(part.content.equals(content.subarray(offset, length === 0 ? undefined : offset + length))).toBe(true);
    }
  });

  it('are uploaded in parts that outlive the process', async () => {
    const texts = ['one', 'two', 'three'];
    const owner = { location };
    const { upload_id } = await tracking.as('alice').createMultipartUpload({ owner, path: 'in parts', parts: 3 });
    const send = (part: number) =>
      tracking
        .as('alice')
        .uploadArtifactPart(streamOf([{ header: { upload_id, part } }, { chunk: Buffer.from(texts[part - 1] ?? '') }]));
    await send(2);
    await tracking.stop();
    tracking = await startTracking({}, directory.path);
    const there = await tracking.as('alice').listUploadParts({ upload_id });
    expect(there.parts).toEqual([{ part: 2, bytes: '3', sha256: sha256(Buffer.from('two')) }]);
    await Promise.all([send(1), send(3)]);
    const parts = texts.map((text, at) => ({ part: at + 1, sha256: sha256(Buffer.from(text)) }));
    const first = await tracking.as('alice').completeMultipartUpload({ upload_id, parts });
    expect(await tracking.as('alice').completeMultipartUpload({ upload_id, parts })).toEqual(first);
    expect((await get({ run_id: runId, path: 'in parts' })).content.toString()).toBe('onetwothree');
    await tracking.as('alice').abortMultipartUpload({ upload_id });
    expect((await get({ run_id: runId, path: 'in parts' })).bytes).toBe('11');
  });

  it('pass through without staying in memory, however slow the reader', { timeout: TIMEOUT_MS }, async () => {
    const alice = tracking.as('alice');
    const chunk = Buffer.alloc(CHUNK_BYTES, 7);
    const count = (LARGE_MEBI * MEBI) / CHUNK_BYTES;
    let resident = 0;
    const watch = setInterval(() => (resident = Math.max(resident, residentMebi())), 20);
    const before = residentMebi();
    try {
      const messages = async function* () {
        yield { header: { run_id: runId, path: 'large' } };
        for (let at = 0; at < count; at += 1) yield await Promise.resolve({ chunk });
      };
      const uploadBegan = performance.now();
      await alice.uploadArtifact(messages(), { timeoutMs: TIMEOUT_MS });
      const downloadBegan = performance.now();
      let bytes = 0;
      const download = alice.downloadArtifact({ run_id: runId, path: 'large' }, { timeoutMs: TIMEOUT_MS });
      for await (const message of download) bytes += message.chunk.length;
      const ended = performance.now();
      expect(bytes).toBe(LARGE_MEBI * MEBI);
      const rate = (ms: number) => `${Math.round(LARGE_MEBI / (ms / 1_000))} MiB/s`;
      console.log(
        `upload ${rate(downloadBegan - uploadBegan)}, download ${rate(ended - downloadBegan)}, ${resident - before} MiB more`,
      );
      let slow = 0;
      for await (const message of alice.downloadArtifact({ run_id: runId, path: 'large' })) {
        slow += message.chunk.length;
        if (slow > 8 * MEBI) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(resident - before).toBeLessThan(GROWTH_MEBI_MAX);
    } finally {
      clearInterval(watch);
    }
  });
});
