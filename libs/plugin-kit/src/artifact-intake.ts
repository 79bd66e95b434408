import { createHash } from 'node:crypto';
import { DataLossError, ExhaustedError, InvalidArgumentError, SHA256_PATTERN } from '@slipway/kernel';
import type { ArtifactPath, ByteRange, WriteOptions } from './artifact-store.ts';

/** What a driver keeps of a content that passed. */
export interface ContentDigest {
  readonly bytes: bigint;
  readonly sha256: string;
}

/**
 * The content of one write, counted, hashed and bounded while it passes; every driver takes its bytes from here, so that limits, digests and aborts
 * mean the same in all of them. Iterate once; `finish` then tells the digest.
 */
export class ArtifactIntake {
  readonly #path: ArtifactPath;
  readonly #content: AsyncIterable<Uint8Array>;
  readonly #options: WriteOptions;
  readonly #signal: AbortSignal;
  readonly #hash = createHash('sha256');
  #bytes = 0n;
  #failure: { readonly error: unknown } | undefined;

  /** @throws {InvalidArgumentError} on options that are no digest or no count of bytes. */
  constructor(path: ArtifactPath, content: AsyncIterable<Uint8Array>, options: WriteOptions, signal: AbortSignal) {
    assertWriteOptions(options);
    this.#path = path;
    this.#content = content;
    this.#options = options;
    this.#signal = signal;
  }

  /** Whether `error` came from the content itself (the source, a limit, the abort), so that the driver must not translate it. */
  causedBy(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error;
  }

  /**
   * Chunks as the source gives them, empty ones left out; valid until the next one is asked for. An abort ends a wait for a source that hangs.
   * @throws {ExhaustedError} past `bytesMax`, what the source throws, and the signal's reason.
   */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const source = this.#content[Symbol.asyncIterator]();
    let ended = false;
    try {
      for (;;) {
        const step = await untilAborted(() => source.next(), this.#signal);
        if (step.done) {
          ended = true;
          return;
        }
        if (step.value.byteLength === 0) continue;
        this.#count(step.value);
        yield step.value;
      }
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      // Not awaited: a source that hangs in `next` would hang here as well.
      if (!ended) void Promise.resolve(source.return?.()).catch(() => undefined);
    }
  }

  /** Call after the last chunk. @throws {DataLossError} when the content is not what `options.sha256` promised. */
  finish(): ContentDigest {
    const sha256 = this.#hash.digest('hex');
    const expected = this.#options.sha256;
    if (expected !== undefined && expected !== sha256) {
      throw new DataLossError(`the content for '${this.#path}' has sha256 ${sha256}, not ${expected}`, {
        reason: 'ARTIFACT_DIGEST_MISMATCH',
        facts: { path: this.#path, expected, actual: sha256 },
      });
    }
    return { bytes: this.#bytes, sha256 };
  }

  #count(chunk: Uint8Array): void {
    this.#bytes += BigInt(chunk.byteLength);
    const { bytesMax } = this.#options;
    if (bytesMax !== undefined && this.#bytes > BigInt(bytesMax)) {
      throw new ExhaustedError(`the content for '${this.#path}' is longer than ${bytesMax} bytes`, {
        reason: 'ARTIFACT_TOO_LARGE',
        facts: { path: this.#path, bytesMax: String(bytesMax) },
      });
    }
    this.#hash.update(chunk);
  }
}

function assertWriteOptions(options: WriteOptions): void {
  if (options.sha256 !== undefined && !SHA256_PATTERN.test(options.sha256)) {
    throw InvalidArgumentError.of('sha256', 'use 64 lower-case hexadecimal digits');
  }
  if (options.bytesMax !== undefined && !(Number.isSafeInteger(options.bytesMax) && options.bytesMax >= 0)) {
    throw InvalidArgumentError.of('bytesMax', 'use a whole number, 0 or more');
  }
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it aborts; the work then goes on unobserved. */
function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (): void => signal.removeEventListener('abort', onAbort);
    work().then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}

/** @throws {InvalidArgumentError} when offset or length is not a whole number in its range; says nothing about the size of the content. */
export function assertByteRange(range: ByteRange): void {
  if (!Number.isSafeInteger(range.offset) || range.offset < 0) {
    throw InvalidArgumentError.of('range.offset', 'use a whole number, 0 or more');
  }
  if (range.length !== undefined && !(Number.isSafeInteger(range.length) && range.length >= 1)) {
    throw InvalidArgumentError.of('range.length', 'use a whole number, 1 or more, or leave it out to read to the end');
  }
}

/** The error of a range that begins at or after the end of a content of `bytes` bytes. */
export function rangeBeyondEnd(path: ArtifactPath, range: ByteRange, bytes: bigint): InvalidArgumentError {
  return InvalidArgumentError.of(
    'range.offset',
    `'${path}' has ${bytes} bytes; ${range.offset} is not before its end`,
    {
      reason: 'ARTIFACT_RANGE_BEYOND_END',
    },
  );
}
