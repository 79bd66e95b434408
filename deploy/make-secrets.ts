/**
 * Makes every secret of deploy/compose.yaml anew and at random: there are no default passwords. `npm run deploy:secrets [-- --folder DIR]`
 * refuses a folder that holds some already. The folder is for its owner alone; what containers read in it is world-readable *inside*, as
 * their users are not those of this machine.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemRandom } from '@slipway/kernel';
import { generateKeyPair } from '@slipway/model-package';
import { createToken } from '@slipway/platform';

const FOR_CONTAINERS = 0o444;
const FOR_YOU = 0o400;
const PASSWORD_BYTES = 24;

const { values } = parseArgs({
  options: { folder: { type: 'string', default: join(import.meta.dirname, 'secrets') } },
});
const folder = resolve(values.folder);
if (existsSync(join(folder, 'registry.pem'))) {
  throw new Error(
    `${folder} holds secrets already; packages are signed with its key, so move it away before you make new ones`,
  );
}

const password = (): string => Buffer.from(systemRandom.bytes(PASSWORD_BYTES)).toString('base64url');
const [nats, postgres, s3, valkey] = [password(), password(), password(), password()];
const s3User = 'slipway';
const keys = generateKeyPair();
const service = createToken(systemRandom, { principal: 'service', workspaces: ['*'], roles: ['service'] });
const batch = createToken(systemRandom, {
  principal: 'service:batch-runner',
  workspaces: ['*'],
  roles: ['service', 'pipelines'],
});
const admin = createToken(systemRandom, { principal: 'admin', workspaces: ['*'], roles: ['admin'] });

/** Settings as the services read them from the file named by SLIPWAY_CONFIG. */
const yaml = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');
const broker = { 'event-bus.nats.user': 'slipway', 'event-bus.nats.password': nats };
const shared = { ...broker, 'metadata.url': `postgres://slipway:${postgres}@postgres:5432/slipway` };
const bucket = { 'artifact-store.s3.access-key-id': s3User, 'artifact-store.s3.secret-access-key': s3 };
/** What a service shows to those it calls. */
const tokensFor = (token: string, ...upstreams: readonly string[]): Record<string, string> =>
  Object.fromEntries(upstreams.map((name) => [`${name}.token`, token]));

const files: Readonly<Record<string, readonly [content: string, mode: number]>> = {
  'stored.yaml': [yaml({ ...shared, ...bucket }), FOR_CONTAINERS],
  'registry.yaml': [yaml({ ...shared, ...bucket, ...tokensFor(service.token, 'tracking') }), FOR_CONTAINERS],
  'serving.yaml': [yaml({ ...shared, ...tokensFor(service.token, 'registry', 'features', 'routing') }), FOR_CONTAINERS],
  'stream-scorer.yaml': [yaml({ ...shared, ...tokensFor(service.token, 'registry', 'features') }), FOR_CONTAINERS],
  'monitor.yaml': [yaml({ ...shared, ...tokensFor(service.token, 'registry') }), FOR_CONTAINERS],
  'experiment-router.yaml': [yaml({ ...shared, ...tokensFor(service.token, 'registry', 'monitor') }), FOR_CONTAINERS],
  'batch-runner.yaml': [
    yaml({ ...shared, ...bucket, ...tokensFor(batch.token, 'registry', 'features', 'tracking', 'routing') }),
    FOR_CONTAINERS,
  ],
  'gateway.yaml': [yaml(broker), FOR_CONTAINERS],
  'registry.pem': [keys.privateKeyPem, FOR_CONTAINERS],
  'registry.pub.pem': [keys.publicKeyPem, FOR_CONTAINERS],
  'tokens/tokens.json': [`${JSON.stringify({ tokens: [service.entry, batch.entry, admin.entry] }, null, 2)}\n`, 0o644],
  'nats-users.conf': [`users: [{ user: slipway, password: "${nats}" }]\n`, FOR_CONTAINERS],
  'postgres.password': [postgres, FOR_CONTAINERS],
  's3.env': [`ROOT_ACCESS_KEY_ID=${s3User}\nROOT_SECRET_ACCESS_KEY=${s3}\n`, FOR_YOU], // read by the client, not in a container
  'valkey.conf': [`requirepass ${valkey}\n`, FOR_CONTAINERS],
  'valkey.password': [`${valkey}\n`, FOR_CONTAINERS],
  'admin.token': [`${admin.token}\n`, FOR_YOU],
};

mkdirSync(folder, { recursive: true, mode: 0o700 });
mkdirSync(join(folder, 'tokens'), { mode: 0o755 });
for (const [name, [content, mode]] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode });
process.stdout.write(
  `made ${Object.keys(files).length} files in ${relative(process.cwd(), folder) || folder}\n` +
    'admin.token is what you call with; add others to tokens/tokens.json, which is read again when it changes\n',
);
