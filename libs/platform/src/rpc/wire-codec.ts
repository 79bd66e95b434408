import type { MethodDescriptor } from '@slipway/contracts';

/** Stands for a message whose bytes could not be read; a transport hands it on, so that the refusal is made in one place. */
export class UndecodableMessage {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** A request as it came off the wire; the call chain decodes it once it knows the caller. */
export class EncodedMessage {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** What grpc-js does with the bytes of a request before anybody knows whose they are: nothing. */
export const keepEncoded = (bytes: Buffer): object => new EncodedMessage(bytes);

/** Reads a request; never throws, so that the call chain finds the words. */
export function requestDecoder(descriptor: MethodDescriptor): (bytes: Buffer) => object {
  const { requestDeserialize } = descriptor.wire;
  return (bytes) => {
    try {
      return requestDeserialize(bytes);
    } catch (error) {
      return new UndecodableMessage(error);
    }
  };
}
