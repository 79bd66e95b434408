import { isAbsolute, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const SECONDS_MAX = 86_400;
const text = z
  .string()
  .min(1)
  .max(4_096)
  .refine((value) => !value.includes('\0'), 'has a NUL character');

const parameter = z.strictObject({
  type: z.enum(['string', 'number', 'boolean']).default('string'),
  required: z.boolean().default(true),
});

const command = z.strictObject({
  /** A path, relative to the folder of the file, or a bare name that is looked for on PATH. */
  program: text,
  /** The same for every step: steps pass typed parameters, never arguments. */
  arguments: z.array(text).max(256).default([]),
  workingDirectory: text.default('.'),
  timeoutSeconds: z.number().int().min(1).max(SECONDS_MAX).default(3_600),
  graceSeconds: z.number().int().min(0).max(600).default(5),
  /** Of its output; a program that writes more goes on, and the rest is dropped. */
  outputBytesMax: z
    .number()
    .int()
    .min(0)
    .max(16 * 1024 ** 2)
    .default(1024 ** 2),
  /** Variables of our environment that it sees; nothing else of it is passed on. */
  environment: z.array(z.string().regex(/^(?!SLIPWAY_)[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a variable')).max(64).default(['PATH', 'HOME', 'LANG']), // prettier-ignore
  parameters: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/), parameter).default({}),
});

const file = z.strictObject({
  apiVersion: z.literal('slipway.commands/v1'),
  commands: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/), command),
});

export type Command = z.output<typeof command>;
export type Commands = ReadonlyMap<string, Command>;

/** Reads the file of programs that steps may run. @param folder of the file, absolute. @throws {Error} with every problem. */
export function parseCommands(content: string, folder: string): Commands {
  const parsed = file.safeParse(parse(content));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
    throw new Error(`the file of commands is wrong: ${problems.join('; ')}`);
  }
  const located = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  return new Map(
    Object.entries(parsed.data.commands).map(([name, { program, workingDirectory, ...rest }]) => [
      name,
      {
        ...rest,
        program: program.includes('/') ? located(program) : program,
        workingDirectory: located(workingDirectory),
      },
    ]),
  );
}
