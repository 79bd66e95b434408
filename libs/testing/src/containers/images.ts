import { join } from 'node:path';
import deployed from '../../../../deploy/images.json' with { type: 'json' };
import { findCommand } from '../command.ts';
import type { Engine, NoEngine } from './engine.ts';
import { runProgram } from './run-program.ts';

const BUILD_MS_MAX = 120_000;
const IMAGES_MS_MAX = 600_000;
const SERVERS_IMAGE = 'slipway-servers:local';
const SERVER_VARIABLES = ['NATS_IMAGE', 'POSTGRES_IMAGE', 'VALKEY_IMAGE', 'S3_IMAGE'];

/**
 * Bundles the services from their sources and builds their images in the engine.
 * @returns variables for compose.yaml that name images made here of Debian's packages, as test machines cannot pull.
 */
export async function buildImages(engine: Engine, root: string): Promise<Readonly<Record<string, string>> | NoEngine> {
  const absent = ['mmdebstrap', 'go'].filter((name) => findCommand(name) === undefined);
  if (absent.length > 0) return { unavailable: `${absent.join(' and ')} for images of the servers` };
  for (const app of deployed.services) {
    const cwd = join(root, 'apps', app);
    await runProgram(process.execPath, [join(root, 'libs/tooling/src/build.ts')], { cwd, timeoutMs: BUILD_MS_MAX });
  }
  const program = join(root, 'libs/tooling/src/images/main.ts');
  const flags = [
    ...deployed.services.flatMap((app) => ['--app', app]),
    '--servers',
    '--no-pull',
    '--docker',
    engine.docker,
  ];
  await runProgram(process.execPath, [program, ...flags], { env: engine.env, timeoutMs: IMAGES_MS_MAX });
  return Object.fromEntries(SERVER_VARIABLES.map((name) => [name, SERVERS_IMAGE]));
}
