import type { FieldViolation } from '@slipway/kernel';
import { messageType } from '@slipway/contracts';

/** What rides in `grpc-status-details-bin` beside code and text. */
export interface StatusDetails {
  readonly reason?: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly requestId?: string;
}

const DOMAIN = 'slipway';
const status = messageType('google.rpc.Status');
const errorInfo = messageType('google.rpc.ErrorInfo');
const badRequest = messageType('google.rpc.BadRequest');
const requestInfo = messageType('google.rpc.RequestInfo');

const typeUrl = (name: string): string => `type.googleapis.com/${name}`;

/** Serialized google.rpc.Status with ErrorInfo, BadRequest and RequestInfo, as far as there is something to say. */
export function encodeDetails(code: number, message: string, details: StatusDetails): Buffer {
  const { reason, facts, violations, requestId } = details;
  const parts: { type_url: string; value: Uint8Array }[] = [];
  const pack = (type: typeof status, content: object): void => {
    const value = type.encode(type.fromObject(content)).finish();
    parts.push({ type_url: typeUrl(type.fullName.slice(1)), value });
  };
  if (reason !== undefined) pack(errorInfo, { reason, domain: DOMAIN, metadata: facts });
  if (violations.length > 0) pack(badRequest, { field_violations: violations });
  if (requestId !== undefined) pack(requestInfo, { request_id: requestId });
  return Buffer.from(status.encode(status.fromObject({ code, message, details: parts })).finish());
}

/** Undoes `encodeDetails`; parts of other domains and unreadable bytes are left out: they came from a stranger. */
export function decodeDetails(bytes: Uint8Array): StatusDetails & { readonly message: string } {
  try {
    const { message, details } = status.toObject(status.decode(bytes), { defaults: true }) as {
      message: string;
      details: { type_url: string; value: Uint8Array }[];
    };
    const read = (type: typeof status): Record<string, unknown> | undefined => {
      const part = details.find(({ type_url }) => type_url === typeUrl(type.fullName.slice(1)));
      return part && type.toObject(type.decode(part.value), { defaults: true });
    };
    const info = read(errorInfo) as { reason: string; metadata: Record<string, string> } | undefined;
    const fields = read(badRequest) as { field_violations: FieldViolation[] } | undefined;
    const request = read(requestInfo) as { request_id: string } | undefined;
    return {
      message,
      facts: { ...info?.metadata },
      violations: (fields?.field_violations ?? []).map(({ field, description }) => ({ field, description })),
      ...(info && { reason: info.reason }),
      ...(request && { requestId: request.request_id }),
    };
  } catch {
    return { message: '', facts: {}, violations: [] }; // the code and the text of the status are still there
  }
}
