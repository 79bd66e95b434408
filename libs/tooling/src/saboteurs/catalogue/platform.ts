import type { Saboteur } from '../saboteur.ts';

const PLATFORM = 'libs/platform/src';
const CONTRACTS = 'libs/contracts/src';
const INVOKER = [`${PLATFORM}/rpc/invoker.spec.ts`];
const IN_PROCESS = ['libs/clients/src/in-process-transport.spec.ts'];
const OVER_GRPC = ['libs/clients/src/grpc-transport.int.spec.ts'];
const ERRORS = [`${PLATFORM}/rpc/errors.spec.ts`];
const SERVER = [`${PLATFORM}/rpc/grpc-server.spec.ts`];
const CALLER = [`${PLATFORM}/identity/caller-resolver.spec.ts`];
const AUTHENTICATORS = [`${PLATFORM}/identity/authenticators.spec.ts`];
const HOST = [`${PLATFORM}/lifecycle/host.spec.ts`];
const PROCESS = [`${PLATFORM}/lifecycle/run-process.spec.ts`];
const CONFIG = [`${PLATFORM}/config/read-config.spec.ts`];
const ENCODING = [`${CONTRACTS}/validation/encode-check.spec.ts`];

/** Calls, callers, life cycle and configuration. */
export const PLATFORM_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'the permission of a method is not asked for',
    file: `${PLATFORM}/rpc/invoker.ts`,
    find: "    if (permission !== 'authenticated') assertPermitted(call.caller, permission);\n",
    replace: '',
    suites: INVOKER,
  },
  {
    name: 'a method without a permission is served',
    file: `${PLATFORM}/rpc/handler.ts`,
    find: 'if (method.permission === undefined) problems.push(`${method.path} declares no permission`);\n    else if',
    replace: 'if',
    suites: [`${PLATFORM}/rpc/handler.spec.ts`],
  },
  {
    name: 'a grant for one domain holds for others',
    file: 'libs/kernel/src/caller.ts',
    find: 'if (caller.permissions.has(`${permission.slice(0, dot)}.*`)) return true;',
    replace: 'if (caller.permissions.size > 0) return true;',
    suites: ['libs/kernel/src/kernel.spec.ts'],
  },
  {
    name: 'editors may approve versions',
    file: `${PLATFORM}/identity/roles.ts`,
    find: "    'registry.aliases.move',\n    'registry.webhooks.*',\n",
    replace: "    'registry.aliases.move',\n    'registry.versions.approve',\n    'registry.webhooks.*',\n",
    suites: CALLER,
  },
  {
    name: 'a caller acts in any workspace',
    file: `${PLATFORM}/identity/caller-resolver.ts`,
    find: 'if (isEverywhere || own.includes(asked)) return asked;',
    replace: 'if (isEverywhere || own.length > 0) return asked;',
    suites: CALLER,
  },
  {
    name: 'the principal is taken from the workspace header',
    file: `${PLATFORM}/identity/caller-resolver.ts`,
    find: '      principal: identity.principal,\n      workspace:',
    replace: '      principal: headers.workspace ?? identity.principal,\n      workspace:',
    suites: CALLER,
  },
  {
    name: 'who proves nothing may be reached from other machines',
    file: `${PLATFORM}/identity/assert-listener.ts`,
    find: 'if (!authenticator.loopbackOnly || isLoopback(host)) return;',
    replace: "if (!authenticator.loopbackOnly || host !== '0.0.0.0') return;",
    suites: CALLER,
  },
  {
    name: 'an expired token is accepted',
    file: `${PLATFORM}/identity/tokens-authenticator.ts`,
    find: '    if (holder.expiresMs !== undefined && Number(this.#clock.now() / 1_000n) >= holder.expiresMs) throw refusal();\n',
    replace: '',
    suites: AUTHENTICATORS,
  },
  {
    name: 'a token works with the name of somebody else',
    file: `${PLATFORM}/identity/tokens-authenticator.ts`,
    find: "    if (user !== '' && user !== 'token' && user !== holder.principal) throw refusal();\n",
    replace: '',
    suites: AUTHENTICATORS,
  },
  {
    name: 'a revoked token goes on working',
    file: `${PLATFORM}/identity/tokens-authenticator.ts`,
    find: '      this.#table = table;\n',
    replace: '      this.#table ??= table;\n',
    suites: AUTHENTICATORS,
  },
  {
    name: 'the token of the process is not compared',
    file: `${PLATFORM}/identity/internal-callers.ts`,
    find: "if (!timingSafeEqual(digest(authorization ?? ''), expected)) {",
    replace: "if (!timingSafeEqual(digest(authorization ?? '').subarray(0, 0), expected.subarray(0, 0))) {",
    suites: [`${PLATFORM}/identity/internal-callers.spec.ts`],
  },
  {
    name: 'the text of a bug reaches the caller',
    file: `${PLATFORM}/rpc/errors.ts`,
    find: "return plainFailure('INTERNAL', 'internal error', requestId, error);",
    replace: "return plainFailure('INTERNAL', String(error), requestId, error);",
    suites: ERRORS,
  },
  {
    name: 'the text of a decoder reaches the caller',
    file: `${PLATFORM}/rpc/invoker.ts`,
    find: '`is not a valid message of type ${requestType}`',
    replace: '`is not a valid message of type ${requestType}: ${String(message.cause)}`',
    suites: SERVER,
  },
  {
    name: 'requests are not checked against their rules',
    file: `${PLATFORM}/rpc/invoker.ts`,
    find: '    this.#checkRequest(message);\n',
    replace: '',
    suites: IN_PROCESS,
  },
  {
    name: 'answers are not checked before they are encoded',
    file: `${PLATFORM}/rpc/invoker.ts`,
    find: '      this.#assertEncodable(response);\n      call.succeed();',
    replace: '      call.succeed();',
    suites: IN_PROCESS,
  },
  {
    name: 'the end of a call does not reach its handler',
    file: `${PLATFORM}/rpc/call.ts`,
    find: '    this.#controller?.abort(reason);\n',
    replace: '',
    suites: IN_PROCESS,
  },
  {
    name: 'a request is decoded before its caller is known',
    file: `${PLATFORM}/rpc/grpc-server.ts`,
    find: 'requestDeserialize: keepEncoded }',
    replace: 'requestDeserialize: wire.requestDeserialize }',
    suites: [`${PLATFORM}/rpc/stranger.spec.ts`],
  },
  {
    name: 'a passed deadline counts as cancelled by the caller',
    file: `${PLATFORM}/rpc/grpc-bindings.ts`,
    find: 'nowMs() + DEADLINE_SLACK_MS >= call.deadlineMs',
    replace: 'nowMs() + DEADLINE_SLACK_MS < call.deadlineMs',
    suites: OVER_GRPC,
  },
  {
    name: 'a server stops without waiting for accepted calls',
    file: `${PLATFORM}/rpc/grpc-server.ts`,
    find: '      await closeGracefully(server, signal);\n',
    replace: '      void closeGracefully(server, signal).catch(() => undefined);\n',
    suites: OVER_GRPC,
  },
  {
    name: 'health says serving while the server drains',
    file: `${PLATFORM}/rpc/grpc-server.ts`,
    find: '    drain: async (signal) => {\n      states.close();\n',
    replace: '    drain: async (signal) => {\n',
    suites: SERVER,
  },
  {
    name: 'components are stopped without a drain',
    file: `${PLATFORM}/lifecycle/host.ts`,
    find: '    if (withDrain) for (const each of this.#started) await step(each.name, async () => each.drain?.(abort.signal));\n',
    replace: '',
    suites: HOST,
  },
  {
    name: 'a failed start leaves what has started',
    file: `${PLATFORM}/lifecycle/host.ts`,
    find: '        await this.#finish(false);\n',
    replace: '',
    suites: HOST,
  },
  {
    name: 'the drain budget has no end',
    file: `${PLATFORM}/lifecycle/host.ts`,
    find: 'await Promise.race([action(), finished.promise]);',
    replace: 'await action();',
    suites: HOST,
  },
  {
    name: 'a second signal is ignored',
    file: `${PLATFORM}/lifecycle/run-process.ts`,
    find: '      if (stopping) process.exit(1);\n      else drain();\n',
    replace: '      if (!stopping) drain();\n',
    suites: PROCESS,
  },
  {
    name: 'a fault nobody handled ends with success',
    file: `${PLATFORM}/lifecycle/run-process.ts`,
    find: '      exitCode = 1;\n',
    replace: '',
    suites: PROCESS,
  },
  {
    name: 'an unknown setting is accepted',
    file: `${PLATFORM}/config/read-config.ts`,
    find: '  problems.push(...assigned.unknown.map((each) => describeUnknown(each, settings, ports, catalogue)));\n',
    replace: '',
    suites: CONFIG,
  },
  {
    name: '--print-config shows secrets of drivers',
    file: `${PLATFORM}/config/print-config.ts`,
    find: 'const isSecret = value instanceof Secret || SECRET_KEY.test(key);',
    replace: 'const isSecret = value instanceof Secret;',
    suites: CONFIG,
  },
  {
    name: '--print-config shows passwords in addresses',
    file: `${PLATFORM}/config/print-config.ts`,
    find: "text.replaceAll(URL_PASSWORD, '$1***@')",
    replace: 'text',
    suites: CONFIG,
  },
  {
    name: 'a bad secret is quoted in its own complaint',
    file: `${PLATFORM}/config/resolve-setting.ts`,
    find: "const shown = setting.secret ? '' : `=${shorten(raw)}`;",
    replace: 'const shown = `=${shorten(raw)}`;',
    suites: CONFIG,
  },
  {
    name: 'a number is repaired from what is none',
    file: `${PLATFORM}/config/resolve-setting.ts`,
    find: "return typeof raw !== 'string' || !DECIMAL.test(raw);",
    replace: "return typeof raw !== 'string';",
    suites: CONFIG,
  },
  {
    name: 'secrets reach the log',
    file: `${PLATFORM}/telemetry/redact.ts`,
    find: 'copy[name] = isSecret(name) ? MASK : redactValue(value, depth + 1);',
    replace: 'copy[name] = isSecret(name) && depth === 0 ? MASK : redactValue(value, depth + 1);',
    suites: [`${PLATFORM}/telemetry/logger.spec.ts`],
  },
  {
    name: 'a number that is not exact becomes an int64',
    file: `${CONTRACTS}/validation/encode-scalars.ts`,
    find: 'if (!Number.isSafeInteger(value)) return',
    replace: 'if (!Number.isInteger(value)) return',
    suites: ENCODING,
  },
  {
    name: 'fields that a message does not have are dropped silently',
    file: `${CONTRACTS}/validation/encode-check.ts`,
    find: 'else into.add(name, `is not a field of ${type.name}`);',
    replace: 'else continue;',
    suites: ENCODING,
  },
  {
    name: 'both members of a oneof are sent',
    file: `${CONTRACTS}/validation/encode-check.ts`,
    find: 'if (set > 1) into.add(',
    replace: 'if (set > 2) into.add(',
    suites: ENCODING,
  },
  {
    name: 'calls that write are repeated by themselves',
    file: 'libs/clients/src/retry.ts',
    find: "return READS.test(name) && (kind === 'unary' || kind === 'server-stream');",
    replace: "return name !== '' && (kind === 'unary' || kind === 'server-stream');",
    suites: OVER_GRPC,
  },
  {
    name: 'two processes may use one data directory',
    file: `${PLATFORM}/process/data-directory.ts`,
    find: '    if (holder && isHeld(holder, lock)) throw inUse(path, holder);\n',
    replace: '',
    suites: [`${PLATFORM}/process/data-directory.spec.ts`],
  },
];
