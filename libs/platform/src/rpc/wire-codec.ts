import type { MethodDescriptor } from '@slipway/contracts';
import { UndecodableMessage } from './invoker.ts';

/** Reads a request off the wire; never throws, since grpc-js would answer INTERNAL in words of its own. */
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
