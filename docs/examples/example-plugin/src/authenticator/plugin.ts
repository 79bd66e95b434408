import { readFile } from 'node:fs/promises';
import {
  UnauthenticatedError,
  UnavailableError,
  type Authenticator,
  type AuthenticatorPlugin,
  type Clock,
  type Credentials,
  type Identity,
} from '@slipway/plugin-kit';
import { Settings } from '../settings.ts';
import { readToken } from './token.ts';

interface SignedConfig {
  /** File whose bytes are the key, 32 at least. Required. */
  readonly keyFile: string;
}

const KEY_BYTES_MIN = 32;

class SignedAuthenticator implements Authenticator {
  readonly loopbackOnly = false;
  readonly #keyFile: string;
  readonly #clock: Clock;
  #key: Uint8Array | undefined;

  constructor(keyFile: string, clock: Clock) {
    this.#keyFile = keyFile;
    this.#clock = clock;
  }

  async open(signal: AbortSignal): Promise<void> {
    const key = await readFile(this.#keyFile, { signal });
    if (key.byteLength < KEY_BYTES_MIN) {
      throw new Error(
        `the key in ${this.#keyFile} has ${key.byteLength} bytes; use ${KEY_BYTES_MIN} random ones or more`,
      );
    }
    this.#key = key;
  }

  async authenticate(credentials: Credentials): Promise<Identity> {
    if (!this.#key) throw new UnavailableError('the authenticator is not open');
    const claims = credentials.scheme === 'bearer' ? readToken(this.#key, credentials.token) : undefined;
    // one text for all, so that nobody learns which part was right
    if (!claims || Number(this.#clock.now() / 1000n) >= claims.expires) {
      throw new UnauthenticatedError('show a valid token: authorization: Bearer <token>');
    }
    return { principal: claims.principal, workspaces: claims.workspaces, roles: claims.roles };
  }

  async close(): Promise<void> {
    this.#key = undefined;
  }
}

/** Tokens that carry their own claims, signed with a key that the server shares with whoever hands them out. */
export const signedPlugin: AuthenticatorPlugin<SignedConfig> = {
  port: 'authenticator',
  name: 'signed',
  apiVersion: 1,
  parseConfig: (raw) => {
    const settings = new Settings(raw);
    const keyFile = settings.requiredText('keyFile', 'the path of a file with 32 random bytes or more');
    settings.check();
    return { keyFile };
  },
  create: ({ keyFile }, { clock }) => new SignedAuthenticator(keyFile, clock),
};
