import { describe, it } from 'vitest';
import { findCommand } from './command.ts';

/** Real servers that tests start on free ports, by the program that must be on this machine. */
const PROGRAMS = {
  nats: 'nats-server',
  postgresql: 'postgres',
  s3: 'versitygw',
  redis: 'redis-server',
  docker: 'dockerd',
  python: 'python3',
  curl: 'curl',
  chromium: 'chromium',
} as const;
export type ServerName = keyof typeof PROGRAMS;

/** Read by the reporter that prints the closing summary of what was left out. */
export const NEEDS_MARK = '[needs ';

/**
 * A suite that needs real servers. Without one of them it is skipped and named in the closing summary; with `CI=true` that is a failure.
 */
export function describeWith(servers: readonly ServerName[], name: string, body: () => void): void {
  const absent = servers.filter((server) => findCommand(PROGRAMS[server]) === undefined);
  if (absent.length === 0) return void describe(name, body);
  const title = `${name} ${NEEDS_MARK}${absent.map((server) => PROGRAMS[server]).join(', ')}]`;
  if (process.env['CI'] === 'true') {
    return void describe(title, () => {
      it('has the servers it needs', () => {
        throw new Error(
          `not on this machine: ${absent.map((server) => PROGRAMS[server]).join(', ')}; .ci/run installs them`,
        );
      });
    });
  }
  describe.skip(title, body);
}

/** Size of a test by tier: `full` when `SLIPWAY_TEST_TIER=full`, else `small`. */
export function sized<T>(sizes: { small: T; full: T }): T {
  return process.env['SLIPWAY_TEST_TIER'] === 'full' ? sizes.full : sizes.small;
}
