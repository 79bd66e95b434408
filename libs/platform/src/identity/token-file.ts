import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { InvalidArgumentError, SHA256_PATTERN, WORKSPACE_PATTERN } from '@slipway/kernel';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const TOKENS_MAX = 100_000;

const workspace = z.union([z.literal('*'), z.string().regex(WORKSPACE_PATTERN, 'is not a workspace')]);
const entrySchema = z
  .strictObject({
    sha256: z.string().regex(SHA256_PATTERN, 'is not a sha256 in lower-case hex'),
    principal: z.string().regex(/^[\x21-\x7E]{1,128}$/, 'is not 1 to 128 printable characters without spaces'),
    workspace: workspace.optional(),
    workspaces: z.array(workspace).min(1).max(1_000).optional(),
    roles: z.array(z.string().min(1).max(128)).max(100),
    expires: z.iso.datetime({ offset: true, error: 'is not an ISO 8601 time with zone' }).optional(),
  })
  .refine((entry) => (entry.workspace === undefined) !== (entry.workspaces === undefined), {
    error: "needs either 'workspace' or 'workspaces'",
  });
const fileSchema = z.strictObject({ tokens: z.array(entrySchema).max(TOKENS_MAX) });

/** One line of the file; the token itself is nowhere, only its sha256. */
export type TokenEntry = z.infer<typeof entrySchema>;

/** What a token proves. */
export interface TokenHolder {
  readonly principal: string;
  readonly workspaces: readonly string[];
  readonly roles: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresMs: number | undefined;
}

export type TokenTable = ReadonlyMap<string, TokenHolder>;

/** sha256 in lower-case hex, the key of the table. */
export const digestToken = (token: string): string => hash('sha256', token, 'hex');

/** Changes whenever the file does, as far as the file system can tell. */
export async function tokenFileVersion(path: string): Promise<string> {
  const { mtimeNs, size, ino } = await stat(path, { bigint: true });
  return `${mtimeNs}/${size}/${ino}`;
}

/** @throws {InvalidArgumentError} with every problem of the file. */
export async function readTokenFile(path: string): Promise<TokenTable> {
  const text = await readBounded(path);
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) throw problem(path, document.errors.map(({ message }) => message).join('; '));
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) {
    throw problem(path, parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  }
  const table = new Map<string, TokenHolder>();
  for (const [index, entry] of parsed.data.tokens.entries()) {
    if (table.has(entry.sha256)) throw problem(path, `tokens.${index}.sha256: appears twice`);
    table.set(entry.sha256, {
      principal: entry.principal,
      workspaces: Object.freeze(entry.workspaces ?? (entry.workspace === undefined ? [] : [entry.workspace])),
      roles: Object.freeze(entry.roles), // handed out as it is
      expiresMs: entry.expires === undefined ? undefined : Date.parse(entry.expires),
    });
  }
  return table;
}

async function readBounded(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes`);
    return bytes.toString('utf8');
  } catch (error) {
    throw problem(path, error instanceof Error ? error.message : String(error), error);
  }
}

const problem = (path: string, text: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of('authenticator.tokens.file', `'${path}' cannot be used: ${text}`, { cause });
