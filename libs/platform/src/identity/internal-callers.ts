import { createHash, timingSafeEqual } from 'node:crypto';
import { DEFAULT_WORKSPACE, UnauthenticatedError, type Random } from '@slipway/kernel';
import type { CallerResolver } from '../rpc/invoker.ts';
import { ROLES } from './roles.ts';

/** One service's identity towards the others of its process. */
export interface InternalCallers {
  readonly token: string;
  /** Knows that token and no other; never handed to a listener, so that the token is worth nothing on a wire. */
  readonly resolveCaller: CallerResolver;
}

/** @param service name of the calling service, its principal in audit and logs. Belongs to every workspace, with the roles given. */
export function internalCallers(
  random: Random,
  service: string,
  roles: readonly string[] = ['service'],
): InternalCallers {
  const token = Buffer.from(random.bytes(32)).toString('base64url');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${token}`);
  const permissions: ReadonlySet<string> = new Set(roles.flatMap((role) => ROLES[role] ?? []));
  return {
    token,
    resolveCaller: ({ authorization, workspace }) => {
      if (!timingSafeEqual(digest(authorization ?? ''), expected)) {
        return Promise.reject(new UnauthenticatedError('the call needs the token of a service of this process'));
      }
      return Promise.resolve({
        principal: `service:${service}`,
        workspace: workspace ?? DEFAULT_WORKSPACE,
        allWorkspaces: true,
        permissions,
      });
    },
  };
}
