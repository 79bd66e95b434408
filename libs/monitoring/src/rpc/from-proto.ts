import type { CallContext } from '@slipway/platform';
import type { Call, PageRequest } from '../domain/unit-of-work.ts';

const PAGE_SIZE_DEFAULT = 100;

export const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
export const pageOf = (request: { page_size: number; page_token: string }): PageRequest => ({
  pageSize: request.page_size === 0 ? PAGE_SIZE_DEFAULT : request.page_size,
  pageToken: request.page_token,
});

/** A google.protobuf.Timestamp; undefined when there is none. */
export const microsOf = (time: { readonly seconds: string; readonly nanos: number } | null): bigint | undefined =>
  time ? BigInt(time.seconds) * 1_000_000n + BigInt(Math.floor(time.nanos / 1_000)) : undefined;
