import type { MethodDescriptor } from '@slipway/contracts';

const ENCODED = Symbol('encoded');

interface MaybeEncoded {
  readonly [ENCODED]?: Buffer;
}

/** Ties a response to its bytes, which the handler made while it still measured; the transport sends these. */
export function withBytes<Response extends object>(response: Response, bytes: Buffer): Response {
  return Object.assign(response, { [ENCODED]: bytes });
}

/** A method whose responses may bring their bytes along; the check of responses sees their fields as ever. */
export function sendingEarlyBytes(method: MethodDescriptor): MethodDescriptor {
  const { responseSerialize } = method.wire;
  return {
    ...method,
    wire: {
      ...method.wire,
      responseSerialize: (response) => (response as MaybeEncoded)[ENCODED] ?? responseSerialize(response),
    },
  };
}
