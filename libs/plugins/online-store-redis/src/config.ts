import { z } from 'zod';

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const Settings = z
  .strictObject({
    /** Host and port of one server; an IPv6 address in brackets. */
    address: z
      .string()
      .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[1-9][0-9]{0,4}$/, 'use host:port')
      .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'use a port up to 65535')
      .default('127.0.0.1:6379'),
    /** User of the server's access control list; absent means its default user. */
    user: z.string().min(1).max(256).optional(),
    /** File with the password in its first line; read again for every connection, so that it may be replaced while the service runs. */
    passwordFile: z.string().min(1).optional(),
    tls: flag.default(false),
    /** Certificates (PEM) of who may sign for the server; absent means those that Node.js trusts. */
    tlsCaFile: z.string().min(1).optional(),
    /** Keeps several installations on one server apart. */
    keyPrefix: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'use 1 to 64 letters, digits, dot, colon, dash and underscore')
      .default('slipway'),
    database: z.coerce.number().int().min(0).max(65_535).default(0),
    /** A call that is not answered after this time has failed. */
    requestTimeoutMs: z.coerce.number().int().min(50).max(600_000).default(5_000),
    /** Longest wait between attempts to reach the server again. */
    reconnectDelayMsMax: z.coerce.number().int().min(50).max(60_000).default(2_000),
  })
  .refine((settings) => settings.user === undefined || settings.passwordFile !== undefined, {
    path: ['passwordFile'],
    message: 'a user signs in with a password',
  })
  .refine((settings) => settings.tls || settings.tlsCaFile === undefined, {
    path: ['tlsCaFile'],
    message: 'is used with tls only',
  });

export type RedisConfig = Readonly<z.infer<typeof Settings>>;

/** @throws {Error} with every problem and its setting. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): RedisConfig {
  const parsed = Settings.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `online-store.redis.${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`settings of the Redis online store are wrong: ${problems.join('; ')}`);
  }
  return Object.freeze(parsed.data);
}
