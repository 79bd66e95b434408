import type { Authenticator, AuthenticatorPlugin } from '@slipway/plugin-kit';

/** Everybody is `local` and may do everything, in any workspace. For one person on one machine: loopback only. */
export const noneAuthenticator: AuthenticatorPlugin<undefined> = {
  port: 'authenticator',
  name: 'none',
  apiVersion: 1,
  parseConfig: (raw) => {
    const names = Object.keys(raw);
    if (names.length > 0) throw new Error(`the driver 'none' has no settings, got ${names.join(', ')}`);
    return undefined;
  },
  create: (): Authenticator => ({
    loopbackOnly: true,
    open: async () => undefined,
    authenticate: async () => ({ principal: 'local', workspaces: ['*'], roles: ['admin'] }),
    close: async () => undefined,
  }),
};
