import { FailedPreconditionError, type Logger } from '@slipway/plugin-kit';
import type { RedisConnection } from './redis-connection.ts';
import { replyCode } from './redis-errors.ts';

/**
 * Looks for settings of the server that lose rows. A server that keeps its INFO to itself is taken as it is.
 * @throws {FailedPreconditionError} when it evicts keys: a key is a whole view.
 */
export async function checkServer(connection: RedisConnection, log: Logger): Promise<void> {
  let info: string;
  try {
    info = String(await connection.send(['INFO']));
  } catch (error) {
    if (replyCode(error) !== 'NOPERM') throw error;
    log.warn({}, 'the online store does not tell its settings; whether it evicts or persists rows is not known');
    return;
  }
  const setting = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const policy = setting('maxmemory_policy') ?? 'noeviction';
  if (Number(setting('maxmemory')) > 0 && policy.startsWith('allkeys')) {
    throw new FailedPreconditionError(
      `the online store evicts keys (maxmemory-policy ${policy}), and one key holds a whole view: set maxmemory-policy noeviction`,
      { reason: 'ONLINE_STORE_EVICTS' },
    );
  }
  if (setting('aof_enabled') === '0') {
    log.warn({}, 'the online store has appendonly off: rows written since its last snapshot are lost when it ends');
  }
}
