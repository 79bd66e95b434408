import { encodeCheck, type MethodDescriptor } from '@slipway/contracts';
import { InvalidArgumentError, UnavailableError } from '@slipway/kernel';
import {
  connectError,
  DeadlineExceededError,
  HttpRefusal,
  toHttpFailure,
  type HttpReply,
  type HttpRequest,
  type HttpRoute,
} from '@slipway/platform';
import { readMessage } from '../json/read-message.ts';
import { writeMessage } from '../json/write-message.ts';
import type { Backend } from './backend.ts';
import { callOptions } from './call-options.ts';
import { readLines } from './json-lines.ts';
import { parseJson } from './parse-json.ts';

export interface CallLimits {
  /** One JSON message; bytes in it take a third more than they are. */
  readonly messageBytesMax: number;
  /** All lines of one client stream together. */
  readonly streamBytesMax: number;
}

const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';
/** Chooses among services that answer the same method, e.g. the audit log of each. */
const SERVICE_HEADER = 'slipway-service';
/** A call ends by its own deadline, which the transport keeps; this is only more than any of them. */
const CALL_TIMEOUT_MS = 86_460_000;

/** A route for every method of every backend: `POST /package.Service/Method`, in the JSON form of the Connect protocol. */
export function callRoutes(backends: readonly Backend[], limits: CallLimits): HttpRoute[] {
  const offers = new Map<string, { readonly method: MethodDescriptor; readonly by: Backend[] }>();
  for (const backend of backends) {
    for (const method of backend.services.flatMap(({ methods }) => Object.values(methods))) {
      const offer = offers.get(method.path) ?? { method, by: [] };
      offer.by.push(backend);
      offers.set(method.path, offer);
    }
  }
  return [...offers.values()].map(({ method, by }) => callRoute(method, by, limits));
}

function callRoute(method: MethodDescriptor, backends: readonly Backend[], limits: CallLimits): HttpRoute {
  const takesLines = method.kind === 'client-stream' || method.kind === 'bidi';
  const givesLines = method.kind === 'server-stream' || method.kind === 'bidi';
  const check = encodeCheck(method.requestType);
  const input = (request: HttpRequest): object | AsyncIterable<object> => {
    assertContentType(request, takesLines ? LINES_TYPE : JSON_TYPE);
    if (takesLines) return readLines(request.chunks(), method.requestType, limits.messageBytesMax);
    const message = readMessage(method.requestType, parseJson(request.body));
    check(message);
    return message;
  };
  return {
    method: 'POST',
    path: method.path,
    // what the caller may do, the service says; that there is a caller, we want to know before we read his body
    permission: method.permission === 'public' ? 'public' : 'authenticated',
    body: takesLines ? 'stream' : 'bytes',
    bodyBytesMax: takesLines ? limits.streamBytesMax : limits.messageBytesMax,
    timeoutMs: CALL_TIMEOUT_MS,
    handle: async (request) => {
      const backend = choose(backends, request.header(SERVICE_HEADER));
      return givesLines
        ? { contentType: LINES_TYPE, body: streamed(method, backend, input(request), request) }
        : answered(method, backend, input(request), request);
    },
  };
}

async function answered(
  method: MethodDescriptor,
  { transport }: Backend,
  input: object | AsyncIterable<object>,
  request: HttpRequest,
): Promise<HttpReply> {
  const headers: Record<string, string> = {};
  const onTrailers = (trailers: ReadonlyMap<string, string>): void => {
    for (const [name, value] of trailers) headers[`trailer-${name}`] = value; // as Connect has them
  };
  try {
    const response = await transport.answer(method, input, { ...callOptions(request), onTrailers });
    return { headers, json: writeMessage(method.responseType, response) };
  } catch (error) {
    throw asCallersError(error);
  }
}

/** One message a line. A failure after the first one is a last line `{"@error": …}`: no field has such a name. */
async function* streamed(
  method: MethodDescriptor,
  { transport }: Backend,
  input: object | AsyncIterable<object>,
  request: HttpRequest,
): AsyncGenerator<string, void, undefined> {
  let hasBegun = false;
  try {
    for await (const response of transport.stream(method, input, callOptions(request))) {
      yield `${JSON.stringify(writeMessage(method.responseType, response))}\n`;
      hasBegun = true;
    }
  } catch (error) {
    if (!hasBegun) throw asCallersError(error);
    request.log.debug({ err: error }, 'a stream failed after its first message');
    yield `${JSON.stringify({ '@error': connectError(toHttpFailure(asCallersError(error), request.requestId)) })}\n`;
  }
}

/** The transport says of a deadline "try again"; here it was the caller's own. */
function asCallersError(error: unknown): unknown {
  const isLate = error instanceof UnavailableError && error.reason === 'DEADLINE_EXCEEDED';
  return isLate ? new DeadlineExceededError(error.message) : error;
}

function assertContentType(request: HttpRequest, wanted: string): void {
  const [type = '', ...parameters] = (request.header('content-type') ?? '').toLowerCase().split(/\s*;\s*/);
  const isUtf8 = parameters.every((parameter) => /^charset="?utf-8"?$/.test(parameter));
  if (type === wanted && isUtf8) return;
  throw new HttpRefusal(415, 'INVALID_ARGUMENT', `content-type must be ${wanted}`, { 'accept-post': wanted });
}

function choose(backends: readonly Backend[], name: string | undefined): Backend {
  const chosen = name === undefined ? backends[0] : backends.find((backend) => backend.name === name);
  if (chosen) return chosen;
  throw InvalidArgumentError.of(SERVICE_HEADER, `must be one of ${backends.map((each) => each.name).join(', ')}`);
}
