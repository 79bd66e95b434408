import protobuf from 'protobufjs';
import type { WireAnswer } from './wire-client.ts';

export const CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export const codeName = (code: number): string =>
  Object.entries(CODE).find(([, number]) => number === code)?.[0] ?? `code ${code}`;

/** google/rpc/status.proto and error_details.proto, written down here so that the test does not rest on the code it looks at. */
const root = protobuf.parse(
  `
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message BadRequest { message FieldViolation { string field = 1; string description = 2; } repeated FieldViolation field_violations = 1; }
  message RequestInfo { string request_id = 1; }
`,
  { keepCase: true },
).root;

/** Everything a refusal tells its caller. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Of ErrorInfo; undefined when there is none. */
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly facts: Readonly<Record<string, string>>;
  /** Field paths of BadRequest. */
  readonly fields: readonly string[];
  readonly requestId: string | undefined;
}

export function readRefusal(answer: WireAnswer): Refusal {
  const status =
    answer.details &&
    (root.lookupType('Status').decode(answer.details) as unknown as {
      details: { type_url: string; value: Uint8Array }[];
    });
  const part = (name: string): Record<string, unknown> | undefined => {
    const found = status?.details.find(({ type_url }) => type_url === `type.googleapis.com/google.rpc.${name}`);
    const type = root.lookupType(name);
    return found && type.toObject(type.decode(found.value), { defaults: true });
  };
  const info = part('ErrorInfo') as { reason: string; domain: string; metadata: Record<string, string> } | undefined;
  const bad = part('BadRequest') as { field_violations: { field: string }[] } | undefined;
  return {
    code: codeName(answer.code),
    message: answer.message,
    reason: info?.reason,
    domain: info?.domain,
    facts: info?.metadata ?? {},
    fields: (bad?.field_violations ?? []).map(({ field }) => field),
    requestId: (part('RequestInfo') as { request_id: string } | undefined)?.request_id,
  };
}

/** What no caller may see: paths of the machine, frames of a stack, SQL, names of our files and of what we are built on. */
const LEAKS: readonly RegExp[] = [
  /(?:^|[\s'"(=])\/(?:work|tmp|home|root|usr|var|opt|etc\/(?!passwd))\b/,
  /node_modules|file:\/\/(?!\/etc\/passwd)/,
  /\bat .{1,80}\(?[^\s()]+:\d+:\d+\)?/,
  /[A-Za-z-]+\.(?:ts|js|mjs|cjs)(?::\d|['")\s])/,
  /\b(?:select|insert into|update|delete from)\b .{0,80}\b(?:from|values|set|where)\b/i,
  /sqlite|mikro|kysely|better-sqlite3|SQLITE_|protobufjs|onnxruntime|ORT_/i,
  /\b(?:TypeError|RangeError|ReferenceError|SyntaxError|ENOENT|EACCES|index out of range)\b/,
  /slipway_[A-Za-z0-9_-]{20,}/,
];

/** Ids of requests end in a number of base 36, which may read `.js`. */
const REQUEST_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9a-z]+/g;

/** What an answer must not hold but does; undefined when it is clean. @param secrets tokens and directories of this run. */
export function findLeak(answer: WireAnswer, secrets: readonly string[]): string | undefined {
  const { 'grpc-status-details-bin': _, ...trailers } = answer.trailers;
  const text = `${answer.message}\n${answer.details?.toString('latin1') ?? ''}\n${JSON.stringify(trailers)}`;
  const secret = secrets.find((each) => each.length > 3 && text.includes(each));
  if (secret !== undefined) return `a secret of this run: ${secret.slice(0, 12)}`;
  const rest = text.replaceAll(REQUEST_ID, '');
  return LEAKS.map((pattern) => pattern.exec(rest)?.[0]).find((found) => found !== undefined);
}
