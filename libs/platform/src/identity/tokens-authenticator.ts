import { UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import type { Authenticator, AuthenticatorPlugin, Credentials, Identity } from '@slipway/plugin-kit';
import { z } from 'zod';
import { refusal } from './credentials.ts';
import { digestToken, readTokenFile, tokenFileVersion, type TokenTable } from './token-file.ts';

export interface TokensConfig {
  readonly file: string;
  /** How often the file is looked at, in milliseconds: the longest a revoked token goes on working. */
  readonly reloadMs: number;
}

const configSchema = z.strictObject({
  file: z.string({ error: 'is required: the path of the file of hashed tokens' }).min(1),
  reloadMs: z.coerce.number().int().min(100).max(3_600_000).default(2_000),
});

/** Tokens from a file that holds only their hashes; see `TokenEntry`. The file is read again when it changes. */
export const tokensAuthenticator: AuthenticatorPlugin<TokensConfig> = {
  port: 'authenticator',
  name: 'tokens',
  apiVersion: 1,
  parseConfig: (raw) => {
    const parsed = configSchema.safeParse(raw);
    if (parsed.success) return parsed.data;
    const problems = parsed.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join('.')}: ${message}` : message,
    );
    throw new Error(problems.join('; '));
  },
  create: (config, { clock, log }) => new TokensAuthenticator(config, clock, log),
};

class TokensAuthenticator implements Authenticator {
  readonly loopbackOnly = false;
  readonly #config: TokensConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closed = new AbortController();
  #table: TokenTable | undefined;
  #version = '';
  #watching: Promise<void> = Promise.resolve();

  constructor(config: TokensConfig, clock: Clock, log: Logger) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
  }

  async open(signal: AbortSignal): Promise<void> {
    this.#version = await tokenFileVersion(this.#config.file).catch(() => ''); // the next line tells better what is wrong
    this.#table = await readTokenFile(this.#config.file);
    signal.throwIfAborted();
    this.#log.info({ file: this.#config.file, tokens: this.#table.size }, 'tokens read');
    this.#watching = this.#watch();
  }

  async authenticate(credentials: Credentials): Promise<Identity> {
    if (!this.#table) throw new UnavailableError('the authenticator is not open');
    const candidate = tokenOf(credentials);
    // found by digest: how long the look-up takes tells nothing of the tokens themselves
    const holder = candidate && this.#table.get(digestToken(candidate.token));
    if (!holder) throw refusal();
    if (holder.expiresMs !== undefined && Number(this.#clock.now() / 1_000n) >= holder.expiresMs) throw refusal();
    const { user } = candidate;
    if (user !== '' && user !== 'token' && user !== holder.principal) throw refusal();
    return { principal: holder.principal, workspaces: holder.workspaces, roles: holder.roles };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#table = undefined;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(this.#config.reloadMs, signal);
      } catch {
        return; // closed
      }
      await this.#reload();
    }
  }

  /** A file that cannot be read leaves the old tokens in force: half of a file must not lock everybody out. */
  async #reload(): Promise<void> {
    const { file } = this.#config;
    let version = '';
    try {
      version = await tokenFileVersion(file);
      if (version === this.#version) return;
      const table = await readTokenFile(file);
      if (this.#closed.signal.aborted) return;
      this.#table = table;
      this.#log.info({ file, tokens: table.size }, 'tokens read again');
    } catch (error) {
      if (version !== this.#version)
        this.#log.error({ err: error, file }, 'the file of tokens cannot be used; the old ones stay');
    }
    this.#version = version; // a bad file is complained about once, and tried again when it changes
  }
}

/** Basic carries the token as password, or as user when the password is empty: tools that know only user and password can call. */
function tokenOf(credentials: Credentials): { readonly token: string; readonly user: string } | undefined {
  if (credentials.scheme === 'none') return undefined;
  if (credentials.scheme === 'bearer') return { token: credentials.token, user: '' };
  const { user, password } = credentials;
  return password === '' ? { token: user, user: '' } : { token: password, user };
}
