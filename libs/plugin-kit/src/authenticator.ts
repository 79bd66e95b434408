import type { Plugin } from './plugin.ts';

/** What a caller showed, taken from gRPC metadata or HTTP headers. */
export type Credentials =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'basic'; readonly user: string; readonly password: string };

export interface Identity {
  readonly principal: string;
  /** Workspaces it belongs to; the first is used when the call names none. `*` is every workspace. */
  readonly workspaces: readonly string[];
  /** Names of roles; the platform maps them to permissions. */
  readonly roles: readonly string[];
}

export interface Authenticator {
  /** True when it proves nothing: then listeners must stay on loopback. */
  readonly loopbackOnly: boolean;
  open(signal: AbortSignal): Promise<void>;
  /** @throws {UnauthenticatedError} on credentials that are missing, unknown, expired or of another scheme; the text never tells which part was right. */
  authenticate(credentials: Credentials, signal: AbortSignal): Promise<Identity>;
  close(): Promise<void>;
}

export type AuthenticatorPlugin<Config = unknown> = Plugin<'authenticator', Config, Authenticator>;
