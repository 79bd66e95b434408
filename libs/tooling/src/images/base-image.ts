import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Docker } from './docker.ts';
import { runCommand } from './run-command.ts';

export const PUBLIC_BASE = 'debian:12-slim';
const LOCAL_BASE = 'slipway-base:12';
export const SERVERS_IMAGE = 'slipway-servers:local';

const SUITE = 'bookworm';
const BOOTSTRAP_MS_MAX = 600_000;
const BASE_PACKAGES = [
  'dash', // bounds the memory of the process that tries a graph
  'base-files',
  'base-passwd',
  'libc6',
  'libstdc++6',
  'libgcc-s1',
  'ca-certificates',
  'netbase',
  'tzdata',
];
const SERVER_PACKAGES = [...BASE_PACKAGES, 'busybox', 'coreutils', 'postgresql-15', 'redis-server'];
/** Two thirds of what the servers bring, and nothing that they run here. */
const UNUSED_PATHS = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/perl',
  'usr/lib/llvm-14',
  'usr/lib/*/libLLVM*',
  'usr/lib/*/libz3*',
  'usr/lib/*/perl',
  'usr/lib/postgresql/15/lib/llvmjit*',
  'usr/lib/postgresql/15/lib/bitcode',
];
/** Debian 12 has a NATS server without `sync_interval`, and no S3 server. */
const GO_SERVERS = {
  'nats-server': 'github.com/nats-io/nats-server/v2@v2.11.9',
  versitygw: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
};

/**
 * The image that all others are built on: Debian's, or one made of Debian's packages when it can neither be found nor pulled.
 * @param tarFolder keeps what was made, for the next engine.
 */
export async function ensureBaseImage(docker: Docker, tarFolder: string, pullWithinMs: number): Promise<string> {
  if (await docker.isAvailable(PUBLIC_BASE, pullWithinMs)) return PUBLIC_BASE;
  if (await docker.isAvailable(LOCAL_BASE, 0)) return LOCAL_BASE;
  const tar = await bootstrap(join(tarFolder, 'base.tar'), BASE_PACKAGES, []);
  await docker.import(tar, LOCAL_BASE, []);
  return LOCAL_BASE;
}

/**
 * One image with PostgreSQL, Redis, NATS and an S3 server, for an engine that cannot pull theirs: each of the variables of
 * deploy/compose.yaml that name an image can name this one. @returns its name.
 */
export async function ensureServersImage(docker: Docker, root: string): Promise<string> {
  if (await docker.isAvailable(SERVERS_IMAGE, 0)) return SERVERS_IMAGE;
  const [folder, context] = [join(root, 'dist/images/.tars'), join(root, 'dist/images/servers')];
  const tar = await bootstrap(join(folder, 'servers.tar'), SERVER_PACKAGES, UNUSED_PATHS);
  await docker.import(tar, 'slipway-servers:packages', []);
  mkdirSync(context, { recursive: true });
  for (const [name, module] of Object.entries(GO_SERVERS)) await installGoProgram(name, module, context);
  cpSync(join(root, 'deploy/servers/entrypoint.sh'), join(context, 'entrypoint.sh'));
  const dockerfile = join(root, 'deploy/servers/Dockerfile');
  await docker.build({ dockerfile, context, image: SERVERS_IMAGE, args: { BASE: 'slipway-servers:packages' } });
  return SERVERS_IMAGE;
}

async function bootstrap(tar: string, packages: readonly string[], unused: readonly string[]): Promise<string> {
  if (existsSync(tar)) return tar;
  mkdirSync(dirname(tar), { recursive: true });
  const partial = `${tar}.partial.tar`;
  rmSync(partial, { force: true });
  const mode = process.getuid?.() === 0 ? 'root' : 'unshare';
  const clean = unused.map((path) => `"$1"/${path}`).join(' ');
  const hooks = clean === '' ? [] : [`--extract-hook=rm -rf ${clean}`];
  const flags = ['--quiet', '--variant=extract', `--mode=${mode}`, `--include=${packages.join(',')}`, ...hooks];
  await runCommand('mmdebstrap', [...flags, SUITE, partial], { timeoutMs: BOOTSTRAP_MS_MAX });
  cpSync(partial, tar);
  rmSync(partial);
  return tar;
}

async function installGoProgram(name: string, module: string, folder: string): Promise<void> {
  if (existsSync(join(folder, name))) return;
  const settings = [`GOBIN=${folder}`, 'CGO_ENABLED=0'];
  await runCommand('env', [...settings, 'go', 'install', module], { timeoutMs: BOOTSTRAP_MS_MAX });
}
