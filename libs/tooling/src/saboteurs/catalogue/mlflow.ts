import type { Saboteur } from '../saboteur.ts';

const TRACKING = 'libs/tracking/src';
const REGISTRY = 'libs/registry/src';
const GATEWAY = 'libs/gateway/src/mlflow';
const HOME = [`${TRACKING}/domain/artifact-home.spec.ts`];
const KEYS = [`${TRACKING}/store/artifact-keys.spec.ts`];
const SYNTAX = [`${TRACKING}/domain/search/search-syntax.spec.ts`];
const STORE = [`${TRACKING}/store/tracking-store.spec.ts`];
const SOURCE = [`${REGISTRY}/domain/source/model-source.spec.ts`];
const ADDRESSES = [`${REGISTRY}/service/webhooks/public-addresses.spec.ts`];
const WEBHOOKS = [`${REGISTRY}/store/webhook-store.spec.ts`];
const REGISTRY_STORE = [`${REGISTRY}/store/registry-store.spec.ts`];
const ROUTES = [`${GATEWAY}/mlflow-routes.spec.ts`];
const GRAPH = ['libs/model-package/src/onnx/inspect-graph.spec.ts'];

/** What clients of MLflow are promised: artifacts, searches, sources, webhooks, and the wire. */
export const MLFLOW_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a location counts although the run that it names has another one',
    file: `${TRACKING}/domain/artifact-home.ts`,
    find: 'ownLocation(found.artifactUri) !== root',
    replace: "root === ''",
    suites: HOME,
  },
  {
    name: 'artifacts of a run that keeps them elsewhere are looked for here',
    file: `${TRACKING}/domain/artifact-home.ts`,
    find: 'if (ownLocation(found.artifactUri) === undefined) throw',
    replace: "if (ownLocation(found.artifactUri) === '') throw",
    suites: HOME,
  },
  {
    name: 'a name that looks like an escaped one is stored as it is',
    file: `${TRACKING}/store/artifact-keys.ts`,
    find: 'PLAIN.test(name) && unescapeName(name) === name',
    replace: 'PLAIN.test(name)',
    suites: KEYS,
  },
  {
    name: 'OR binds more than AND',
    file: 'libs/search/src/syntax.ts',
    find: "this.#joined('or', () => this.#joined('and', () => this.#primary(depth)))",
    replace: "this.#joined('and', () => this.#joined('or', () => this.#primary(depth)))",
    suites: SYNTAX,
  },
  {
    name: 'NOT says nothing',
    file: 'libs/search/src/syntax.ts',
    find: "return { kind: 'not', term: this.#primary(depth + 1) };",
    replace: 'return this.#primary(depth + 1);',
    suites: SYNTAX,
  },
  {
    name: 'a filter nests without end',
    file: 'libs/search/src/syntax.ts',
    find: 'if (depth > DEPTH_MAX)',
    replace: 'if (depth < 0)',
    suites: SYNTAX,
  },
  {
    name: 'long values are refused although they may be cut',
    file: `${TRACKING}/domain/use-cases/log-batch.ts`,
    find: 'given.truncateLongValues === true ? cutBatch(given) : given',
    replace: 'given',
    suites: STORE,
  },
  {
    name: "the machine's own files are a source",
    file: `${REGISTRY}/domain/source/model-source.ts`,
    find: 'if (LOCAL_SCHEME.test(scheme))',
    replace: "if (scheme === '')",
    suites: SOURCE,
  },
  {
    name: 'a source climbs out by escapes',
    file: `${REGISTRY}/domain/source/model-source.ts`,
    find: 'for (const form of decodings(text)) assertForm(form);',
    replace: 'assertForm(text);',
    suites: SOURCE,
  },
  {
    name: 'webhooks reach mapped and local addresses of IPv6',
    file: `${REGISTRY}/service/webhooks/public-addresses.ts`,
    find: "globalV6.check(address, 'ipv6') && !forbiddenV6.check(address, 'ipv6')",
    replace: "!forbiddenV6.check(address, 'ipv6')",
    suites: ADDRESSES,
  },
  {
    name: 'webhooks reach the metadata address of a cloud',
    file: `${REGISTRY}/service/webhooks/public-addresses.ts`,
    find: "  '169.254.0.0/16',\n",
    replace: '',
    suites: ADDRESSES,
  },
  {
    name: 'the signature of a delivery leaves out its id',
    file: `${REGISTRY}/domain/webhooks/signature.ts`,
    find: '`${id}.${timestamp}.${body}`',
    replace: '`${timestamp}.${body}`',
    suites: WEBHOOKS,
  },
  {
    name: 'an alias with a policy goes with its version',
    file: `${REGISTRY}/domain/use-cases/drop-aliases.ts`,
    find: '    if (await tx.policies.get(model, current.name)) continue;\n',
    replace: '',
    suites: REGISTRY_STORE,
  },
  {
    name: 'aliases of other versions go with a version',
    file: `${REGISTRY}/domain/use-cases/drop-aliases.ts`,
    find: 'if (version !== undefined && current.version !== version) continue;',
    replace: "if (version !== undefined && current.name === '') continue;",
    suites: REGISTRY_STORE,
  },
  {
    name: 'int64 loses its last digits on the way in',
    file: `${GATEWAY}/wire.ts`,
    find: 'return BIG_INTEGER.test(source) ? BigInt(source) : value;',
    replace: 'return value;',
    suites: ROUTES,
  },
  {
    name: 'pages of other sites may send what they like',
    file: `${GATEWAY}/wire.ts`,
    find: "if (type === 'application/json') return;",
    replace: "if (type !== '') return;",
    suites: ROUTES,
  },
  {
    name: 'a graph imports two versions of one operator set',
    file: 'libs/model-package/src/onnx/inspect-graph.ts',
    find: 'if (imported !== undefined && imported !== version)',
    replace: 'if (imported !== undefined && imported === 0n)',
    suites: GRAPH,
  },
];
