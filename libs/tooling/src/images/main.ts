/**
 * Builds the images of the services from their bundles in `dist/apps`; see docs/adr/0007-images.md.
 * `--app NAME` (repeatable) builds only these; `--servers` also makes one image of the servers that compose.yaml needs, for engines
 * that cannot pull; `--no-pull` uses what the engine and Debian's packages give; `--docker PATH` names the client.
 */
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import deployed from '../../../../deploy/images.json' with { type: 'json' };
import { ensureBaseImage, ensureServersImage } from './base-image.ts';
import { createDocker, type Docker } from './docker.ts';
import { prepareContext } from './prepare-context.ts';
import { bytesBelow, type Target } from './prune-modules.ts';

const APPS = [...deployed.services, deployed.allInOne];
const IMAGE_BYTES_MAX = 350_000_000;
const PULL_MS_MAX = 60_000;

const root = resolve(import.meta.dirname, '../../../..');

const options = {
  app: { type: 'string', multiple: true, default: APPS },
  servers: { type: 'boolean', default: false },
  pull: { type: 'boolean', default: true },
  docker: { type: 'string', default: 'docker' },
} as const;

function readTarget(): Target {
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`images are built for x64 and arm64, not for ${arch}`);
  return { platform: 'linux', arch };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function buildImage(docker: Docker, app: string, base: string): Promise<number> {
  const context = await prepareContext(app, { root, target: readTarget() });
  const image = `slipway-${app}:local`;
  await docker.build({ dockerfile: join(root, 'deploy/Dockerfile'), context, image, args: { APP: app, BASE: base } });
  const bytes = await docker.imageBytes(image);
  say(`${image}: ${megabytes(bytes)}, of which ${megabytes(bytesBelow(context))} from ${relative(root, context)}`);
  return bytes;
}

async function run(): Promise<void> {
  const { values } = parseArgs({ options, allowNegative: true });
  const docker = createDocker(values.docker);
  const base = await ensureBaseImage(docker, join(root, 'dist/images/.tars'), values.pull ? PULL_MS_MAX : 0);
  say(`base image ${base}: ${megabytes(await docker.imageBytes(base))}`);
  const tooLarge: string[] = [];
  for (const app of values.app) {
    if ((await buildImage(docker, app, base)) > IMAGE_BYTES_MAX) tooLarge.push(app);
  }
  if (values.servers) {
    const image = await ensureServersImage(docker, root);
    say(`${image}: ${megabytes(await docker.imageBytes(image))}`);
  }
  if (tooLarge.length > 0) throw new Error(`over ${megabytes(IMAGE_BYTES_MAX)}: ${tooLarge.join(', ')}`);
}

await run();
