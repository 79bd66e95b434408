// Who may import whom: STYLE's table, by the tags in each package.json, and by folder inside a domain.
const { readdirSync, readFileSync, existsSync } = require('node:fs');
const { join } = require('node:path');

const root = process.env.SLIPWAY_BOUNDARIES_ROOT ?? process.cwd(); // the spec plants violations in a workspace of its own
const projects = ['apps', 'libs', 'libs/plugins']
  .flatMap((folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}`) : [],
  )
  .filter((path) => existsSync(join(root, path, 'package.json')))
  .map((path) => ({ path, tags: JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).nx?.tags ?? [] }));

const typeOf = (project) => project.tags.find((tag) => tag.startsWith('type:'))?.slice(5);

/** For each type of project the types it may import. Everything of ours that is not listed is forbidden. */
const MAY_IMPORT = {
  kernel: [],
  contracts: ['kernel'],
  'plugin-kit': ['kernel'],
  platform: ['platform', 'contracts', 'kernel', 'plugin-kit'],
  clients: ['platform', 'contracts', 'kernel'],
  engine: ['engine', 'plugin-kit', 'kernel'],
  // what programs and domains share that makes calls of services, e.g. to train and register
  procedure: ['procedure', 'engine', 'plugin-kit', 'clients', 'contracts', 'kernel'],
  domain: ['procedure', 'engine', 'plugin-kit', 'platform', 'clients', 'contracts', 'kernel'],
  plugin: ['engine', 'plugin-kit', 'kernel'],
  app: ['domain', 'procedure', 'plugin', 'engine', 'plugin-kit', 'platform', 'clients', 'contracts', 'kernel'],
  bench: [
    'domain',
    'procedure',
    'plugin',
    'engine',
    'plugin-kit',
    'platform',
    'clients',
    'contracts',
    'kernel',
    'testing',
  ],
  testing: ['kernel', 'plugin-kit'],
  tooling: [],
};

const paths = (types) =>
  projects.filter((project) => types.includes(typeOf(project))).map((project) => `^${project.path}/`);
const isSpec = '\\.spec\\.ts$|/test/|/testing/|/scripts/|^apps/bench/';

const byType = projects.map((project) => {
  const allowed = MAY_IMPORT[typeOf(project)];
  if (!allowed) throw new Error(`${project.path}/package.json: no known type: tag (${project.tags.join(', ')})`);
  return {
    name: `type-${typeOf(project)}-imports`,
    comment: `${project.path} is type:${typeOf(project)}; it may import ${allowed.join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: `^${project.path}/`, pathNot: isSpec },
    to: { path: '^(apps|libs)/', pathNot: [`^${project.path}/`, ...paths(allowed)] },
  };
});

/** One domain never imports another: they speak through calls and events. */
const betweenDomains = projects
  .filter((project) => typeOf(project) === 'domain')
  .map((project) => ({
    name: 'domain-imports-domain',
    severity: 'error',
    from: { path: `^${project.path}/` },
    to: { path: paths(['domain']), pathNot: `^${project.path}/` },
  }));

const DOMAIN = '^(libs/(?:registry|serving|tracking|features|batch|pipelines|routing|monitoring))/src';
module.exports = {
  forbidden: [
    ...byType,
    ...betweenDomains,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'only-the-entry-point',
      comment: 'between projects import the package name',
      severity: 'error',
      from: { path: '^((?:apps|libs(?:/plugins)?)/[^/]+)/', pathNot: '^libs/tooling/' },
      to: {
        path: '^(?:apps|libs(?:/plugins)?)/[^/]+/src/',
        pathNot: [
          '^$1/',
          '/src/index\\.ts$',
          '/src/testing/index\\.ts$',
          '^libs/contracts/src/generated/packages/',
          '^libs/plugins/',
        ],
      },
    },
    {
      name: 'only-specs-import-testing',
      severity: 'error',
      from: { pathNot: `${isSpec}|/scripts/|^libs/testing/|^libs/plugin-kit/|^apps/bench/` },
      to: { path: '/src/testing/|^libs/testing/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'a domain folder holds no wire, no ORM, no driver, no Node I/O',
      severity: 'error',
      from: { path: `${DOMAIN}/domain/`, pathNot: isSpec },
      to: {
        path: [
          `${DOMAIN}/(rpc|store)/`,
          '^libs/(contracts|platform|persistence|clients)/',
          'node_modules/(@grpc|@mikro-orm|@nats-io|kysely|better-sqlite3|protobufjs)/',
          '^(node:)?(fs|net|http|http2|child_process|worker_threads)(/|$)',
        ],
      },
    },
    {
      name: 'rpc-knows-no-store',
      severity: 'error',
      from: { path: `${DOMAIN}/rpc/`, pathNot: isSpec },
      to: { path: [`${DOMAIN}/store/`, 'node_modules/(@mikro-orm|@nats-io|kysely|better-sqlite3)/'] },
    },
    {
      name: 'store-knows-no-wire',
      severity: 'error',
      from: { path: `${DOMAIN}/store/`, pathNot: isSpec },
      to: { path: [`${DOMAIN}/rpc/`, '^libs/contracts/src/generated/', 'node_modules/@grpc/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^libs/contracts/src/generated/messages/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: join(__dirname, '../../../../tsconfig.json') },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
