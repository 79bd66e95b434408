import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { isPermitted, type ErrorKind } from '@slipway/kernel';
import { ROLES } from '@slipway/platform';
import type { TrackingErrorReason } from '@slipway/tracking';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOLDERS, startTracking, streamOf, type Holder, type TrackingUnderTest } from './tracking-under-test.ts';

const ARTIFACT_BYTES_MAX = 300_000;

let tracking: TrackingUnderTest;
let experimentId = '';
let runId = '';
let deletedRun = '';
beforeAll(async () => {
  tracking = await startTracking({ 'tracking.artifact-bytes-max': ARTIFACT_BYTES_MAX, 'tracking.uploads-max': 1 });
  const alice = tracking.as('alice');
  experimentId = (await alice.createExperiment({ name: 'flights' })).experiment?.experiment_id ?? '';
  runId = (await alice.createRun({ experiment_id: experimentId })).run?.run_id ?? '';
  deletedRun = (await alice.createRun({ experiment_id: experimentId })).run?.run_id ?? '';
  await alice.deleteRun({ run_id: deletedRun });
});
afterAll(() => tracking.stop());

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function upload(path: string, content: Buffer, more: { run_id?: string; sha256?: string } = {}) {
  const chunks = Array.from({ length: Math.ceil(content.length / 50_000) }, (_, at) => ({
    chunk: content.subarray(at * 50_000, (at + 1) * 50_000),
  }));
  return tracking.as('alice').uploadArtifact(streamOf([{ header: { run_id: runId, path, ...more } }, ...chunks]));
}

async function download(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const { chunk } of tracking.as('alice').downloadArtifact({ run_id: runId, path })) {
    if (chunk) chunks.push(Buffer.from(chunk as Uint8Array));
  }
  return Buffer.concat(chunks);
}

const drain = async (messages: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of messages);
};

/** Files under a folder, with their paths. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

/** Changes one byte of the stored file that holds `content`. */
function breakStored(content: Buffer): void {
  const [stored, ...others] = filesBelow(tracking.process.dataDirectory).filter((path) =>
    readFileSync(path).includes(content),
  );
  if (stored === undefined || others.length > 0) throw new Error('the content is not in exactly one file');
  const bytes = readFileSync(stored);
  const at = bytes.indexOf(content);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(stored, bytes);
}

async function holdUpload<Result>(work: () => Promise<Result>): Promise<Result> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const messages = async function* () {
    yield { header: { run_id: runId, path: 'held' } };
    await released;
  };
  const held = tracking.as('alice').uploadArtifact(messages());
  try {
    // the held one has its place as soon as a second one finds none
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        await upload('waiting', Buffer.from('x'));
      } catch {
        return await work();
      }
    }
    throw new Error('the held upload never took its place');
  } finally {
    release();
    await held;
  }
}

const TAGS_100 = (batch: number) => Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`t${batch}_${at}`, '']));

/** Only a race gets this one; the tests of the files have it. */
type Raced = 'ARTIFACT_REPLACED';

/** Each reason with its status and a call that gets it. */
const REFUSALS: Record<
  Exclude<TrackingErrorReason, Raced>,
  readonly [kind: ErrorKind, call: () => Promise<unknown>]
> = {
  EXPERIMENT_NOT_FOUND: ['not-found', () => tracking.as('alice').getExperiment({ experiment_id: 'abc' })],
  EXPERIMENT_ALREADY_EXISTS: ['already-exists', () => tracking.as('alice').createExperiment({ name: 'flights' })],
  EXPERIMENT_NOT_ACTIVE: [
    'failed-precondition',
    async () => {
      const alice = tracking.as('alice');
      const { experiment } = await alice.createExperiment({ name: 'gone' });
      const experiment_id = experiment?.experiment_id ?? '';
      await alice.deleteExperiment({ experiment_id });
      await alice.createRun({ experiment_id });
    },
  ],
  RUN_NOT_FOUND: ['not-found', () => tracking.as('alice').getRun({ run_id: 'nobody' })],
  RUN_NOT_ACTIVE: ['failed-precondition', () => upload('a', Buffer.from('x'), { run_id: deletedRun })],
  LOGGED_MODEL_NOT_FOUND: ['not-found', () => tracking.as('alice').getLoggedModel({ model_id: 'm-none' })],
  NOT_DELETED: ['failed-precondition', () => tracking.as('alice').purgeRun({ run_id: runId })],
  ARTIFACT_LOCATION_INVALID: [
    'invalid-argument',
    () => tracking.as('alice').createExperiment({ name: 'elsewhere', artifact_location: 'file:///etc' }),
  ],
  TAG_NOT_FOUND: ['not-found', () => tracking.as('alice').deleteRunTag({ run_id: runId, key: 'none' })],
  KEY_INVALID: [
    'invalid-argument',
    () => drain(tracking.as('alice').logMetrics(streamOf([{ run_id: runId, metrics: [{ key: 'a//b' }] }]))),
  ],
  ENTRY_INVALID: ['invalid-argument', () => tracking.as('alice').logBatch({ run_id: runId, params: { '../x': '1' } })],
  RUN_NAME_MISMATCH: [
    'invalid-argument',
    () => tracking.as('alice').createRun({ run_name: 'a', tags: { 'mlflow.runName': 'b' } }),
  ],
  PARAM_CHANGED: [
    'invalid-argument',
    async () => {
      for (const lr of ['1', '1', '2']) await tracking.as('alice').logBatch({ run_id: runId, params: { lr } });
    },
  ],
  BATCH_TOO_LARGE: [
    'invalid-argument',
    () => {
      const metrics = Array.from({ length: 1_000 }, (_, at) => ({ key: 'm', value: at, timestamp: 1 }));
      return tracking.as('alice').logBatch({ run_id: runId, metrics, params: { p: '1' } });
    },
  ],
  FILTER_INVALID: ['invalid-argument', () => tracking.as('alice').searchRuns({ experiment_ids: ['0'], filter: 'a' })],
  ORDER_BY_INVALID: [
    'invalid-argument',
    () => tracking.as('alice').searchRuns({ experiment_ids: ['0'], order_by: ['nothing'] }),
  ],
  SAMPLE_TOO_LARGE: [
    'exhausted',
    async () => {
      const alice = tracking.as('alice');
      const { run } = await alice.createRun({ experiment_id: experimentId });
      const run_id = run?.run_id ?? '';
      const crowd = Array.from({ length: 275 }, (_, batch) => ({
        run_id,
        metrics: Array.from({ length: 1_000 }, (_, at) => ({ key: `m${batch % 11}`, value: at, timestamp: batch })),
      }));
      await drain(alice.logMetrics(streamOf(crowd)));
      const keys = Array.from({ length: 11 }, (_, at) => `m${at}`);
      await alice.sampleMetricHistories({ run_ids: [run_id], keys, method: 'METHOD_STEPS' });
    },
  ],
  STREAM_ORDER: [
    'invalid-argument',
    () => tracking.as('alice').uploadArtifact(streamOf([{ chunk: Buffer.from('x') }])),
  ],
  UPLOAD_DIGEST_MISMATCH: ['invalid-argument', () => upload('a', Buffer.from('x'), { sha256: 'a'.repeat(64) })],
  ARTIFACT_NOT_FOUND: ['not-found', () => download('none')],
  ARTIFACT_TOO_LARGE: ['exhausted', () => upload('large', Buffer.alloc(ARTIFACT_BYTES_MAX + 1))],
  ARTIFACT_LOST: [
    'data-loss',
    async () => {
      const content = Buffer.from('these bytes are in one file only, and one of them is about to change');
      await upload('lost', content);
      breakStored(content);
      await download('lost');
    },
  ],
  ARTIFACT_LOCATION_NOT_FOUND: [
    'not-found',
    () => tracking.as('alice').listArtifacts({ owner: { location: `99/${runId}/artifacts` } }),
  ],
  ARTIFACTS_ELSEWHERE: [
    'failed-precondition',
    async () => {
      const alice = tracking.as('alice');
      const draft = { name: 'elsewhere', artifact_location: 's3://bucket/place' };
      const { experiment } = await alice.createExperiment(draft);
      const { run } = await alice.createRun({ experiment_id: experiment?.experiment_id ?? '' });
      await alice.listArtifacts({ run_id: run?.run_id ?? '' });
    },
  ],
  ARTIFACT_RANGE_BEYOND_END: [
    'invalid-argument',
    async () => {
      await upload('short', Buffer.from('x'));
      await drain(tracking.as('alice').downloadArtifact({ run_id: runId, path: 'short', offset: 1 }));
    },
  ],
  UPLOAD_NOT_FOUND: ['not-found', () => tracking.as('alice').listUploadParts({ upload_id: 'none' })],
  UPLOAD_PARTS_MISMATCH: [
    'invalid-argument',
    async () => {
      const alice = tracking.as('alice');
      const owner = { run_id: runId };
      const { upload_id } = await alice.createMultipartUpload({ owner, path: 'parts', parts: 1 });
      await alice.completeMultipartUpload({ upload_id, parts: [{ part: 1, sha256: 'a'.repeat(64) }] });
    },
  ],
  UPLOADS_BUSY: ['unavailable', () => holdUpload(() => upload('second', Buffer.from('x')))],
  EXPERIMENT_TAGS_MAX: [
    'exhausted',
    async () => {
      for (let batch = 0; batch <= 10; batch += 1) {
        await tracking.as('alice').updateExperiment({ experiment_id: experimentId, set_tags: TAGS_100(batch) });
      }
    },
  ],
};

describe('tracking over the wire', () => {
  it.each(Object.entries(REFUSALS))('%s', async (reason, [kind, call]) => {
    await expect(call()).rejects.toMatchObject({ reason, kind });
  });

  it.each(['../a', '/a', 'a/../b', 'a//b', 'a\\b', 'a%2fb', 'C:/a', 'a/'])('refuses the path %s', async (path) => {
    await expect(upload(path, Buffer.from('x'))).rejects.toMatchObject({ kind: 'invalid-argument' });
    await expect(download(path)).rejects.toMatchObject({ kind: 'invalid-argument' });
    const listing = tracking.as('alice').listArtifacts({ run_id: runId, path });
    await expect(listing).rejects.toMatchObject({ kind: 'invalid-argument' });
  });

  it('keeps files, replaces them whole, lists one level page by page', async () => {
    const alice = tracking.as('alice');
    const { run } = await alice.createRun({ experiment_id: experimentId });
    const [run_id, artifact_uri] = [run?.run_id ?? '', run?.artifact_uri];
    expect(artifact_uri).toBe(`mlflow-artifacts:/${experimentId}/${run_id}/artifacts`);
    const content = Buffer.alloc(200_000, 7);
    for (const path of ['b-c', 'b/1', 'b/2/x', 'b0', 'a']) await upload(path, Buffer.from('old'), { run_id });
    const { artifact } = await upload('a', content, { run_id, sha256: sha256(content) });
    expect(artifact).toEqual({ path: 'a', is_directory: false, bytes: '200000', sha256: sha256(content) });
    const names: string[] = [];
    for (let page_token = ''; ;) {
      const page = await alice.listArtifacts({ run_id, page_size: 1, page_token });
      names.push(...page.artifacts.map((each) => `${each.path}${each.is_directory ? '/' : ''}`));
      page_token = page.next_page_token;
      if (page_token === '') break;
    }
    expect(names).toEqual(['a', 'b-c', 'b/', 'b0']);
    const below = await alice.listArtifacts({ run_id, path: 'b' });
    expect(below.artifacts.map(({ path, is_directory }) => [path, is_directory])).toEqual([
      ['b/1', false],
      ['b/2', true],
    ]);
    const chunks: Buffer[] = [];
    for await (const { chunk } of alice.downloadArtifact({ run_id, path: 'a' })) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    await expect(alice.listArtifacts({ run_id, path: 'b', page_token: 'x' })).rejects.toMatchObject({
      kind: 'invalid-argument',
    });
  });

  it('carries 64 bits and every double', async () => {
    const alice = tracking.as('alice');
    const [timestamp, step] = ['9223372036854775807', '-9223372036854775808'];
    const values = [Number.NEGATIVE_INFINITY, -0, 5e-324, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NaN];
    const nobody = { model_id: '', dataset_name: '', dataset_digest: '' };
    const metrics = values.map((value) => ({ key: 'edges', value, timestamp, step, ...nobody }));
    await alice.logBatch({ run_id: runId, metrics });
    const history = await alice.getMetricHistory({ run_id: runId, key: 'edges' });
    expect(history.metrics).toEqual(metrics);
    const { run } = await alice.getRun({ run_id: runId });
    expect(run?.metrics).toContainEqual(metrics.at(-1));
  });

  it('shows nothing to another workspace', async () => {
    const carol = tracking.as('carol');
    await expect(carol.getRun({ run_id: runId })).rejects.toMatchObject({ reason: 'RUN_NOT_FOUND' });
    await expect(carol.getExperiment({ name: 'flights' })).rejects.toMatchObject({ reason: 'EXPERIMENT_NOT_FOUND' });
    expect((await carol.searchRuns({ experiment_ids: [experimentId] })).runs).toEqual([]);
    expect((await carol.getExperiment({ experiment_id: '0' })).experiment?.name).toBe('Default');
  });

  it('lets in who has the permission of the method, and nobody else', async () => {
    const methods = Object.entries(trackingService.methods);
    for (const holder of Object.keys(HOLDERS) as Holder[]) {
      const permissions = new Set(HOLDERS[holder].roles.flatMap((role) => ROLES[role] ?? []));
      const caller = { principal: holder, workspace: 'default', allWorkspaces: false, permissions };
      const client = tracking.as(holder) as unknown as Record<string, (request: unknown) => unknown>;
      for (const [name, { kind, permission }] of methods) {
        const streams = kind === 'client-stream' || kind === 'bidi';
        const answer = client[name]?.(streams ? streamOf([]) : {});
        const outcome =
          Symbol.asyncIterator in Object(answer)
            ? drain(answer as AsyncIterable<unknown>)
            : (answer as Promise<unknown>);
        const refused = await outcome.then(
          () => 'ok',
          (error: { kind?: string }) => error.kind,
        );
        const expected = isPermitted(caller, permission ?? '') ? expect.not.stringMatching(/^denied$/) : 'denied';
        expect([holder, name, refused]).toEqual([holder, name, expected]);
      }
    }
  });
});
