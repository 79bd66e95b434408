import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { createIdSource, silentLogger, systemClock, systemRandom, type Clock } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { artifactStoreSuite } from '@slipway/plugin-kit/testing';
import { describeWith, sized, startS3, type S3Server } from '@slipway/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { artifactsS3Plugin } from './index.ts';

const MEBI = 1024 * 1024;
const signal = new AbortController().signal;

describeWith(['s3'], 'S3 artifact store against versitygw', () => {
  let server: S3Server;
  let client: S3Client;
  let buckets = 0;
  beforeAll(async () => {
    server = await startS3();
    client = new S3Client({
      endpoint: server.endpoint,
      region: server.region,
      credentials: server,
      forcePathStyle: true,
    });
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  const createStore = (settings: Record<string, unknown>, clock: Clock = systemClock): ArtifactStore =>
    artifactsS3Plugin.create(
      artifactsS3Plugin.parseConfig({
        endpoint: server.endpoint,
        region: server.region,
        accessKeyId: server.accessKeyId,
        secretAccessKey: server.secretAccessKey,
        forcePathStyle: true,
        createBucket: true,
        prefix: 'team/a',
        ...settings,
      }),
      { clock, ids: createIdSource(systemClock, systemRandom), log: silentLogger, dataDirectory: '' },
    );
  const nextBucket = (): string => `bucket-${++buckets}`;

  /** Unfinished uploads, and objects outside of what lists show: asked of the server, not of the driver. */
  const leftovers = async (Bucket: string): Promise<readonly string[]> => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
    const strays = Contents.filter(({ Key }) => !Key?.startsWith('team/a/objects/'));
    return [...Uploads.map(({ Key }) => `upload ${Key}`), ...strays.map(({ Key }) => `object ${Key}`)];
  };

  artifactStoreSuite(
    'S3',
    async () => {
      const bucket = nextBucket();
      return {
        create: () => createStore({ bucket }),
        leftovers: () => leftovers(bucket),
        remove: () => Promise.resolve(), // the bucket goes with the server
      };
    },
    { streamBytes: sized({ small: 160 * MEBI, full: 256 * MEBI }) },
  );

  it('names a bucket that does not exist, and credentials that are refused', async () => {
    const absent = createStore({ bucket: nextBucket(), createBucket: false });
    await expect(absent.open(signal)).rejects.toMatchObject({ reason: 'S3_BUCKET_ABSENT' });
    const stranger = createStore({ bucket: nextBucket(), secretAccessKey: 'wrong' });
    await expect(stranger.open(signal)).rejects.toMatchObject({ reason: 'S3_ACCESS_REFUSED' });
    await Promise.all([absent.close(), stranger.close()]);
  });

  it('lets stores that open at once create the bucket once', async () => {
    const bucket = nextBucket();
    const stores = Array.from({ length: 5 }, () => createStore({ bucket }));
    await Promise.all(stores.map((store) => store.open(signal)));
    expect(await leftovers(bucket)).toEqual([]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('removes what a writer that died has left, once it is old, and nothing of others', async () => {
    const Bucket = nextBucket();
    const first = createStore({ bucket: Bucket });
    await first.open(signal);
    for (const Key of ['team/a/staging/dead', 'team/a/objects/default/x', 'somebody/else']) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: Buffer.from('part') }));
    }
    await client.send(new PutObjectCommand({ Bucket, Key: 'team/a/staging/copied', Body: Buffer.from('x') }));
    const left = await leftovers(Bucket);
    expect(left).toHaveLength(4);
    await first.close();

    const young = createStore({ bucket: Bucket });
    await young.open(signal);
    expect(await leftovers(Bucket)).toEqual(left); // may belong to a writer that is at work
    await young.close();

    const dayLater: Clock = { ...systemClock, now: () => systemClock.now() + 25n * 3_600_000_000n };
    const old = createStore({ bucket: Bucket }, dayLater);
    await old.open(signal);
    expect(await leftovers(Bucket)).toEqual(['upload somebody/else']);
    await old.close();
  });

  it('keeps installations with different prefixes in one bucket apart', async () => {
    const bucket = nextBucket();
    const [one, two] = [createStore({ bucket, prefix: 'one' }), createStore({ bucket, prefix: '' })];
    for (const store of [one, two]) await store.open(signal);
    const path = artifactPath('default', 'x');
    async function* content(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
    }
    await one.write(path, content(), {}, signal);
    expect(await two.stat(path, signal)).toBeUndefined();
    expect((await two.list(artifactPath('default'), { pageSize: 5 }, signal)).items).toEqual([]);
    await Promise.all([one.close(), two.close()]);
  });
});
