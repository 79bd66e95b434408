import type { Saboteur } from '../saboteur.ts';

const HTTP = 'libs/platform/src/http';
const GATEWAY = 'libs/gateway/src';
const SERVER = [`${HTTP}/http-server.spec.ts`];
const CALLS = [`${GATEWAY}/calls/call-routes.spec.ts`];
const EVENTS = [`${GATEWAY}/events/events.spec.ts`];
const JSON_FORM = [`${GATEWAY}/json/message.spec.ts`];

/** Who may call over HTTP, from which page, how much, and in which JSON. */
export const GATEWAY_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'any name that points to this machine is served',
    file: `${HTTP}/http-server.ts`,
    find: '    this.#origins.assertHost(request);\n',
    replace: '',
    suites: SERVER,
  },
  {
    name: 'pages of other sites may call',
    file: `${HTTP}/http-server.ts`,
    find: 'exchange.origin = this.#origins.assertOrigin(request, match?.route.isPage ?? false);',
    replace: 'exchange.origin = request.headers.origin;',
    suites: SERVER,
  },
  {
    name: 'other sites may load scripts and images of ours',
    file: `${HTTP}/origin.ts`,
    find: "if (site === undefined || site === 'same-origin' || site === 'none') return undefined;",
    replace: "if (site !== 'same-site') return undefined;",
    suites: SERVER,
  },
  {
    name: 'who shows no token is let in over HTTP',
    file: `${HTTP}/http-server.ts`,
    find: "if (permission === 'public') return;",
    replace: "if (permission === 'public' || exchange.header('authorization') === undefined) return;",
    suites: SERVER,
  },
  {
    name: 'the permission of a route is not asked for',
    file: `${HTTP}/http-server.ts`,
    find: "    if (permission !== 'authenticated') assertPermitted(exchange.caller, permission);\n",
    replace: '',
    suites: SERVER,
  },
  {
    name: 'two headers may name two workspaces',
    file: `${HTTP}/http-server.ts`,
    find: 'if (own !== undefined && mlflow !== undefined && own !== mlflow) {',
    replace: 'if (own !== undefined && mlflow !== undefined && own === undefined) {',
    suites: SERVER,
  },
  {
    name: 'a body in chunks may have any size',
    file: `${HTTP}/request-body.ts`,
    find: 'if (bytes > bytesMax) fail(tooLarge(bytesMax));\n      else chunks',
    replace: 'chunks',
    suites: SERVER,
  },
  {
    name: 'a compressed body may grow without end',
    file: `${HTTP}/request-body.ts`,
    find: '{ maxOutputLength: bytesMax }',
    replace: '{}',
    suites: SERVER,
  },
  {
    name: 'escaped separators lead to another path',
    file: `${HTTP}/router.ts`,
    find: 'if (!/[/\\\\\\p{Cc}]|%[0-9A-Fa-f]{2}/u.test(decoded)) return decoded;',
    replace: 'return decoded;',
    suites: SERVER,
  },
  {
    name: 'the gateway calls in the default workspace of its caller',
    file: `${GATEWAY}/calls/call-options.ts`,
    find: '    ...(workspace !== undefined && { workspace }),\n',
    replace: '',
    suites: CALLS,
  },
  {
    name: 'the gateway does not hand on the deadline',
    file: `${GATEWAY}/calls/call-options.ts`,
    find: '    ...(timeoutMs !== undefined && { timeoutMs }),\n',
    replace: '',
    suites: CALLS,
  },
  {
    name: 'a body of any content type is taken for JSON',
    file: `${GATEWAY}/calls/call-routes.ts`,
    find: '    assertContentType(request, takesLines ? LINES_TYPE : JSON_TYPE);\n',
    replace: '',
    suites: CALLS,
  },
  {
    name: 'fields of JSON that a message does not have are dropped silently',
    file: `${GATEWAY}/json/read-message.ts`,
    find: 'if (!named) problems.add(inner.path, `is not a field of ${type.name}`);\n    else if',
    replace: 'if (!named) continue;\n    else if',
    suites: JSON_FORM,
  },
  {
    name: 'int64 of JSON goes through a number',
    file: `${GATEWAY}/json/scalars.ts`,
    find: 'return { value: max > 2n ** 32n ? String(value) : Number(value) };',
    replace: 'return { value: max > 2n ** 32n ? String(Number(value)) : Number(value) };',
    suites: JSON_FORM,
  },
  {
    name: 'everybody hears the events of all workspaces',
    file: `${GATEWAY}/events/events-route.ts`,
    find: 'event.workspace === workspace && (',
    replace: "workspace !== '' && (",
    suites: EVENTS,
  },
  {
    name: 'a gap in the events is not told',
    file: `${GATEWAY}/events/events-route.ts`,
    find: "    if (missed.hasGap) yield 'event: gap\\ndata: {}\\n\\n';\n",
    replace: '',
    suites: EVENTS,
  },
];
