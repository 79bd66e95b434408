import { FailedPreconditionError } from '@slipway/kernel';
import type { Authenticator } from '@slipway/plugin-kit';
import { isLoopback } from '../telemetry/loopback.ts';

/**
 * Who proves nothing about callers must not be reached from other machines.
 * @param setting key of the setting that holds `host`. @throws {FailedPreconditionError} with the two ways out.
 */
export function assertListenerAllowed(
  setting: string,
  host: string,
  authenticator: Pick<Authenticator, 'loopbackOnly'>,
  driver: string,
): void {
  if (!authenticator.loopbackOnly || isLoopback(host)) return;
  throw new FailedPreconditionError(
    `${setting} is '${host}', which other machines can reach, and the authenticator '${driver}' lets everybody do everything; ` +
      `set authenticator.driver to 'tokens' (and authenticator.tokens.file), or ${setting} to 127.0.0.1`,
    { reason: 'LISTENER_NOT_LOOPBACK', facts: { setting, host } },
  );
}
