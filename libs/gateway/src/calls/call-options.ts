import type { CallOptions } from '@slipway/clients';
import { InvalidArgumentError } from '@slipway/kernel';
import { WORKSPACE_HEADER, type HttpRequest } from '@slipway/platform';

const TIMEOUT_HEADER = 'connect-timeout-ms';
/** Headers that mean the same to the service as to us. Nothing else is handed on: it would be metadata that nobody has looked at. */
const HANDED_ON = ['authorization', 'slipway-assignment'];

/** The caller's own identity, workspace, trace and deadline for the call that is made for him. @throws {InvalidArgumentError} */
export function callOptions(request: HttpRequest): CallOptions {
  const headers: Record<string, string> = {};
  for (const name of HANDED_ON) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const { traceparent, signal, requestId } = request;
  if (traceparent !== undefined) headers['traceparent'] = traceparent;
  const workspace = request.header(WORKSPACE_HEADER) ?? request.header('x-mlflow-workspace');
  const timeoutMs = readTimeout(request.header(TIMEOUT_HEADER));
  return {
    signal,
    requestId,
    headers,
    ...(workspace !== undefined && { workspace }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

/** @see https://connectrpc.com/docs/protocol, Timeout: at most ten digits. */
function readTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const timeoutMs = /^\d{1,10}$/.test(header) ? Number(header) : 0;
  if (timeoutMs >= 1 && timeoutMs <= 86_400_000) return timeoutMs;
  throw InvalidArgumentError.of(TIMEOUT_HEADER, 'must be a whole number of milliseconds, 1 to 86400000');
}
