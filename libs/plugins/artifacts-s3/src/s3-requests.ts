import { S3Client } from '@aws-sdk/client-s3';
import type { S3ArtifactsConfig } from './s3-config.ts';
import { fromS3 } from './s3-error.ts';

/** How the server takes long: `slow` is completing and copying, which it may do in one go for gigabytes. */
export type RequestPace = 'quick' | 'slow';

/** Requests to one bucket: each with a deadline, bounded retries, and failures as errors of ours. */
export class S3Requests {
  readonly client: S3Client;
  readonly bucket: string;
  readonly timeoutMs: number;
  #bodies = 0;
  #closed = false;

  constructor(config: S3ArtifactsConfig) {
    this.bucket = config.bucket;
    this.timeoutMs = config.requestTimeoutMs;
    this.client = new S3Client({
      ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
      region: config.region,
      credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey.reveal() },
      forcePathStyle: config.forcePathStyle,
      maxAttempts: config.attemptsMax,
      // Every body carries Content-MD5, which all servers check; the newer trailing checksums many refuse.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: Math.min(config.requestTimeoutMs, 5_000),
        httpAgent: { maxSockets: config.connectionsMax, keepAlive: true },
        httpsAgent: { maxSockets: config.connectionsMax, keepAlive: true },
      },
    });
  }

  /** @param what for messages. @throws errors of ours, and the signal's reason. */
  async call<T>(
    what: string,
    signal: AbortSignal,
    send: (options: { abortSignal: AbortSignal }) => Promise<T>,
    pace: RequestPace = 'quick',
  ): Promise<T> {
    signal.throwIfAborted();
    const deadline = AbortSignal.timeout(pace === 'slow' ? this.timeoutMs * 10 : this.timeoutMs);
    try {
      return await send({ abortSignal: AbortSignal.any([signal, deadline]) });
    } catch (error) {
      signal.throwIfAborted();
      throw fromS3(error, what);
    }
  }

  /** Keeps the connections until the function it returns is called; safe to call twice. */
  hold(): () => void {
    this.#bodies += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#bodies -= 1;
      if (this.#closed && this.#bodies === 0) this.client.destroy();
    };
  }

  /** Lets the connections go as soon as no answer is being read any more. */
  close(): void {
    this.#closed = true;
    if (this.#bodies === 0) this.client.destroy();
  }
}
