import { createHash } from 'node:crypto';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { createIdSource, seededRandom, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import type { PartDigest } from '../domain/multipart.ts';
import { downloadArtifact } from '../domain/use-cases/read-artifacts.ts';
import { markRun } from '../domain/use-cases/change-run.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listUploadParts,
  sweepUploads,
  uploadPart,
  type PartHeader,
} from '../domain/use-cases/multipart-uploads.ts';
import type { UploadMessage } from '../domain/upload-stream.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { createArtifactFiles } from '../store/artifact-files.ts';
import { trackingEntities } from '../store/entities.ts';
import { trackingMigrations } from '../store/migrations/tracking-migrations.ts';
import { createMultipartUploads } from '../store/multipart-uploads.ts';
import { createTrackingUnitOfWork } from '../store/tracking-unit-of-work.ts';
import { createUploadParts } from '../store/upload-parts.ts';
import { ManualClock } from './manual-clock.ts';
import { newRun, trackingFixture } from './tracking-fixture.ts';
import { callBy } from './tracking-harness.ts';

const ANN = callBy('ann');
const { signal } = new AbortController();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function* messages(header: PartHeader, ...chunks: string[]): AsyncGenerator<UploadMessage<PartHeader>> {
  yield { kind: 'header', header };
  for (const chunk of chunks) yield { kind: 'chunk', bytes: Buffer.from(chunk) };
}

/** What uploads in parts promise, on a database and a local artifact store. */
export function multipartSuite(name: string, databases: () => TestDatabases): void {
  describe(`uploads in parts on ${name}`, () => {
    const clock = new ManualClock();
    let directory: ReturnType<typeof temporaryDirectory>;
    let store: ArtifactStore;
    let deps: TrackingDependencies;
    let audit: () => Promise<readonly { action: string }[]>;
    let stop: () => Promise<void>;
    let runId: string;

    beforeEach(async () => {
      directory = temporaryDirectory();
      store = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
        clock: systemClock,
        ids: createIdSource(systemClock, systemRandom),
        log: silentLogger,
        dataDirectory: directory.path,
      });
      await store.open(signal);
      const options = { entities: trackingEntities, migrations: trackingMigrations, clock };
      const { database, unitOfWork } = await openTestDatabase(await databases().fresh(), options);
      stop = () => database.close();
      audit = () => unitOfWork.read(({ sql }) => sql.all('select action from slipway_audit_record order by sequence'));
      deps = {
        ...trackingFixture(createTrackingUnitOfWork(unitOfWork, encodeFact, seededRandom(3)), clock),
        files: createArtifactFiles(store),
        multipart: createMultipartUploads(unitOfWork),
        parts: createUploadParts(store),
      };
      runId = (await newRun(deps, ANN)).run.runId;
    });
    afterEach(async () => {
      await stop();
      await store.close();
      directory.remove();
    });

    const create = async (parts: number, requestId = '', path = 'big/é.bin') => {
      const named = { owner: { kind: 'run', id: runId } as const, path, parts, requestId };
      return (await createMultipartUpload(ANN, named, deps)).uploadId;
    };
    const put = (uploadId: string, part: number, ...chunks: string[]) =>
      uploadPart(ANN, messages({ uploadId, part, sha256: '' }, ...chunks), deps, signal);
    const complete = (uploadId: string, parts: readonly PartDigest[]) =>
      completeMultipartUpload(ANN, { uploadId, parts }, deps, signal);
    const parts = (...texts: string[]): PartDigest[] =>
      texts.map((text, at) => ({ part: at + 1, sha256: sha256(text) }));
    const read = async (): Promise<string> => {
      const wanted = { owner: { kind: 'run', id: runId } as const, path: 'big/é.bin', range: undefined };
      const { content } = await downloadArtifact(ANN, wanted, deps, signal);
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    const storedParts = async () =>
      (await store.list(artifactPath('default/tracking/uploads'), { pageSize: 100 }, signal)).items.length;

    it('become one file, whatever the order in which parts come; a part again takes the place of the earlier one', async () => {
      const uploadId = await create(3);
      await put(uploadId, 3, 'three');
      await put(uploadId, 1, 'wrong');
      expect(await put(uploadId, 1, 'o', 'ne')).toEqual({ part: 1, bytes: 3n, sha256: sha256('one') });
      expect((await listUploadParts(ANN, { uploadId }, deps, signal)).map(({ part }) => part)).toEqual([1, 3]);
      await put(uploadId, 2, 'two');
      const file = { path: 'big/é.bin', isDirectory: false, bytes: 11n, sha256: sha256('onetwothree') };
      expect(await complete(uploadId, parts('one', 'two', 'three'))).toEqual(file);
      expect(await read()).toBe('onetwothree');
      expect(await storedParts()).toBe(0);
      expect((await audit()).filter(({ action }) => action === 'tracking.artifacts.write')).toHaveLength(1);
    });

    it('are completed once: a repeat gets the first answer, other parts are refused, at once too', async () => {
      const uploadId = await create(1);
      await put(uploadId, 1, 'one');
      const [first, second] = await Promise.all([complete(uploadId, parts('one')), complete(uploadId, parts('one'))]);
      expect(second).toEqual(first);
      expect(await complete(uploadId, parts('one'))).toEqual(first);
      await expect(complete(uploadId, parts('two'))).rejects.toMatchObject({ reason: 'UPLOAD_PARTS_MISMATCH' });
      await expect(put(uploadId, 1, 'x')).rejects.toMatchObject({ reason: 'UPLOAD_NOT_FOUND' });
      await abortMultipartUpload(ANN, { uploadId }, deps, signal);
      expect(await read()).toBe('one');
    });

    it('refuse parts that are not there, are not what is named or do not come in order, and go on after that', async () => {
      const uploadId = await create(2);
      await put(uploadId, 1, 'one');
      const [one, two] = parts('one', 'two') as [PartDigest, PartDigest];
      const lists = [[one, two], [one], [two, one], [one, one], [{ part: 1, sha256: sha256('x') }, two]];
      for (const list of lists) {
        await expect(complete(uploadId, list)).rejects.toMatchObject({ reason: 'UPLOAD_PARTS_MISMATCH' });
      }
      await expect(put(uploadId, 3, 'x')).rejects.toMatchObject({ reason: 'UPLOAD_PARTS_MISMATCH' });
      const wrong = uploadPart(ANN, messages({ uploadId, part: 2, sha256: sha256('two') }, 'x'), deps, signal);
      await expect(wrong).rejects.toMatchObject({ reason: 'UPLOAD_DIGEST_MISMATCH' });
      await expect(read()).rejects.toMatchObject({ reason: 'ARTIFACT_NOT_FOUND' });
      await put(uploadId, 2, 'two');
      await complete(uploadId, [one, two]);
      expect(await read()).toBe('onetwo');
    });

    it('are begun once per request, and are nobody else’s', async () => {
      const uploadId = await create(2, 'req-1');
      expect(await create(2, 'req-1')).toBe(uploadId);
      await expect(create(3, 'req-1')).rejects.toMatchObject({ reason: 'REQUEST_ID_REUSED' });
      const stranger = callBy('eve', 'other');
      const stream = messages({ uploadId, part: 1, sha256: '' }, 'x');
      await expect(uploadPart(stranger, stream, deps, signal)).rejects.toMatchObject({ reason: 'UPLOAD_NOT_FOUND' });
      for (const foreign of ['../x', 'a'.repeat(32)]) {
        await expect(put(foreign, 1, 'x')).rejects.toMatchObject({ reason: 'UPLOAD_NOT_FOUND' });
      }
      expect(await storedParts()).toBe(0);
    });

    it('are removed when they are aborted', async () => {
      const uploadId = await create(1);
      await put(uploadId, 1, 'one');
      await abortMultipartUpload(ANN, { uploadId }, deps, signal);
      await abortMultipartUpload(ANN, { uploadId }, deps, signal);
      expect(await storedParts()).toBe(0);
      await expect(complete(uploadId, parts('one'))).rejects.toMatchObject({ reason: 'UPLOAD_NOT_FOUND' });
      await expect(listUploadParts(ANN, { uploadId }, deps, signal)).rejects.toMatchObject({ kind: 'not-found' });
    });

    it('make no file of a run that was deleted meanwhile', async () => {
      const uploadId = await create(1);
      await put(uploadId, 1, 'one');
      await markRun(ANN, { runId, deleted: true }, deps);
      await expect(complete(uploadId, parts('one'))).rejects.toMatchObject({ reason: 'RUN_NOT_ACTIVE' });
      await expect(create(1)).rejects.toMatchObject({ reason: 'RUN_NOT_ACTIVE' });
    });

    it('expire, and what is left of them is removed', async () => {
      const old = await create(1);
      await put(old, 1, 'old');
      clock.advance(deps.limits.multipartKeepMs - 1_000);
      const young = await create(1);
      await put(young, 1, 'young');
      expect(await sweepUploads(deps, signal)).toBe(0);
      clock.advance(1_000);
      await expect(complete(old, parts('old'))).rejects.toMatchObject({ reason: 'UPLOAD_NOT_FOUND' });
      expect(await sweepUploads(deps, signal)).toBe(1);
      expect(await storedParts()).toBe(1);
      expect(await sweepUploads(deps, signal)).toBe(0);
      expect((await complete(young, parts('young'))).bytes).toBe(5n);
    });
  });
}
