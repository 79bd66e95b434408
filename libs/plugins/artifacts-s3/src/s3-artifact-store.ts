import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { NotFoundError } from '@slipway/kernel';
import {
  assertByteRange,
  StartedCalls,
  type ArtifactInfo,
  type ArtifactPage,
  type ArtifactPath,
  type ArtifactStore,
  type ByteRange,
  type DriverDependencies,
  type WriteOptions,
} from '@slipway/plugin-kit';
import { removeStale } from './clean-up.ts';
import { Keys } from './keys.ts';
import { listObjects } from './list-objects.ts';
import { headObject } from './object-info.ts';
import { assertBucket, assertConditionalWrites } from './probe.ts';
import { readObject } from './read-object.ts';
import type { S3ArtifactsConfig } from './s3-config.ts';
import { S3Requests } from './s3-requests.ts';
import { writeObject } from './write-object.ts';

/** Artifacts as objects of one bucket (see `keys.ts`). Any number of processes may share bucket and prefix. */
export class S3ArtifactStore implements ArtifactStore {
  readonly capabilities = { presign: false };
  readonly #config: S3ArtifactsConfig;
  readonly #dependencies: DriverDependencies;
  readonly #keys: Keys;
  readonly #s3: S3Requests;
  readonly #calls = new StartedCalls('artifact store');

  constructor(config: S3ArtifactsConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#keys = new Keys(config.prefix);
    this.#s3 = new S3Requests(config);
  }

  async open(signal: AbortSignal): Promise<void> {
    const { clock, ids, log } = this.#dependencies;
    await assertBucket(this.#s3, this.#config.createBucket, signal);
    await assertConditionalWrites(this.#s3, this.#keys.probe + ids.next(), signal);
    const olderThan = new Date(Number(clock.now() / 1000n) - this.#config.staleUploadMs);
    const removed = await removeStale(this.#s3, this.#keys, olderThan, signal);
    if (removed > 0) log.info({ uploads: removed }, 'removed what interrupted writes left behind');
    this.#calls.open();
  }

  write(
    path: ArtifactPath,
    content: AsyncIterable<Uint8Array>,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ArtifactInfo> {
    const { clock, ids } = this.#dependencies;
    const context = { s3: this.#s3, keys: this.#keys, clock, partBytes: this.#config.partBytes, id: ids.next() };
    return this.#calls.run(() => writeObject(context, path, content, options, signal));
  }

  read(path: ArtifactPath, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#calls.run(async () => {
      if (range) assertByteRange(range);
      return readObject(this.#s3, this.#keys.object(path), path, range, signal);
    });
  }

  stat(path: ArtifactPath, signal: AbortSignal): Promise<ArtifactInfo | undefined> {
    return this.#calls.run(async () => (await headObject(this.#s3, this.#keys.object(path), path, signal))?.info);
  }

  list(
    prefix: ArtifactPath,
    page: { pageSize: number; pageToken?: string },
    signal: AbortSignal,
  ): Promise<ArtifactPage> {
    const context = { s3: this.#s3, keys: this.#keys, log: this.#dependencies.log };
    return this.#calls.run(() => listObjects(context, prefix, page, signal));
  }

  delete(path: ArtifactPath, signal: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#s3.bucket, Key: this.#keys.object(path) });
    return this.#calls.run(async () => {
      try {
        await this.#s3.call(`delete '${path}'`, signal, (options) => this.#s3.client.send(command, options));
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error; // AWS says nothing here, some servers do
      }
    });
  }

  async close(): Promise<void> {
    await this.#calls.close();
    this.#s3.close();
  }
}
