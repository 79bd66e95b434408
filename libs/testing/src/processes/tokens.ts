import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/** Who a token lets in; the shape of the file is that of the `tokens` authenticator. */
export interface TokenHolderSpec {
  readonly roles: readonly string[];
  /** `default` when left out; `*` is every one. */
  readonly workspaces?: readonly string[];
  /** The name of the entry when left out. */
  readonly principal?: string;
  /** ISO 8601 with zone. */
  readonly expires?: string;
  /** Made when left out; given to let several processes know the same one. */
  readonly token?: string;
}

/** Token by name of the entry. */
export type Tokens<Name extends string = string> = Readonly<Record<Name, string>>;

/** A token that nobody else has, for a holder that others have to know before its process runs. */
export const newToken = (): string => `slipway_${randomBytes(32).toString('base64url')}`;

/** Writes the file of hashed tokens. @returns the tokens themselves, which are nowhere else. */
export function writeTokensFile<Name extends string>(
  file: string,
  holders: Readonly<Record<Name, TokenHolderSpec>>,
): Tokens<Name> {
  const made = Object.entries<TokenHolderSpec>(holders).map(([name, holder]) => {
    const token = holder.token ?? newToken();
    const entry = {
      sha256: createHash('sha256').update(token).digest('hex'),
      principal: holder.principal ?? name,
      workspaces: holder.workspaces ?? ['default'],
      roles: holder.roles,
      ...(holder.expires !== undefined && { expires: holder.expires }),
    };
    return { name, token, entry };
  });
  writeFileSync(file, JSON.stringify({ tokens: made.map(({ entry }) => entry) }), { mode: 0o600 });
  return Object.fromEntries(made.map(({ name, token }) => [name, token])) as Tokens<Name>;
}
