import type { Authenticator, AuthenticatorPlugin, Identity } from '@slipway/plugin-kit';

/** The same for every call, frozen through and through: what is worked out from it is kept. */
const LOCAL: Identity = Object.freeze({
  principal: 'local',
  workspaces: Object.freeze(['*']),
  roles: Object.freeze(['admin']),
});

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
    authenticate: async () => LOCAL,
    close: async () => undefined,
  }),
};
