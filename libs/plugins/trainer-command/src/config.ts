import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';

/** What the driver may know of the process it runs in; `main.ts` hands it in. */
export interface CommandHost {
  /** Environment of the process. Only the variables that the settings name are passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the configuration file, absolute. Without it relative paths are refused. */
  readonly configDirectory?: string;
}

const SECONDS_MAX = 7 * 86_400;
/** Set by the driver itself. */
const RESERVED = /^(SLIPWAY_|MLFLOW_|TMPDIR$)/;

/** A list in YAML, or a text cut at spaces. */
const words = (value: unknown): unknown =>
  typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value;
const names = (value: unknown): unknown =>
  typeof value === 'string' ? value.split(/[\s,]+/).filter((word) => word !== '') : value;
const argument = z.string().max(4096).refine((text) => !text.includes('\0'), 'has a NUL character'); // prettier-ignore
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const Settings = z.strictObject({
  /** The program: a path, relative to the folder of the configuration file, or a bare name that is looked for on PATH. */
  command: argument.min(1, 'names no program'),
  /** The same for every job: a job passes data and typed options, never arguments. */
  arguments: z.preprocess(words, z.array(argument).max(256)).default([]),
  /** Where the program starts, and whose git commit is recorded. By default the folder of the configuration file. */
  workingDirectory: argument.min(1).default('.'),
  /** A program that runs longer is ended. */
  timeoutSeconds: whole(1, SECONDS_MAX).default(3600),
  /** Of the program and all processes it starts together; looked at ten times a second, on Linux. 0 for no limit. */
  memoryMebibytes: whole(0, 1024 * 1024).default(4096),
  /** What the program may write to its log and is passed on; the rest is read and dropped. */
  logBytesMax: whole(0, 1024 ** 3).default(16 * 1024 ** 2),
  /** Variables of our environment that the program sees. Nothing else of it is passed on. */
  environment: z
    .preprocess(
      names,
      z
        .array(
          z
            .string()
            .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a variable')
            .refine((name) => !RESERVED.test(name), 'is set by the driver'),
        )
        .max(64),
    )
    .default(['PATH', 'HOME', 'LANG']),
  /** Program and arguments whose output is recorded as the exact versions of the environment, e.g. `pip freeze`. */
  lockCommand: z.preprocess(words, z.array(argument).min(1).max(64)).optional(),
  /** Names of the options that a job may set; they reach the program in the job's file. None by default. */
  options: z.preprocess(names, z.array(z.string().min(1).max(128)).max(256)).default([]),
  /** Trainings at a time; one more is refused. */
  runsMax: whole(1, 64).default(2),
  /** Between SIGTERM and SIGKILL. */
  graceSeconds: whole(0, 600).default(5),
});

export type CommandTrainerConfig = Readonly<z.infer<typeof Settings>>;

/** @throws {Error} with every problem and its setting. */
export function parseConfig(
  raw: Readonly<Record<string, unknown>>,
  { configDirectory }: CommandHost,
): CommandTrainerConfig {
  const parsed = Settings.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `trainer.command.${path.join('.')}: ${message}`);
    throw new Error(`settings of the command trainer are wrong: ${problems.join('; ')}`);
  }
  const located = (setting: string, path: string): string => {
    if (configDirectory === undefined && !isAbsolute(path)) {
      throw new Error(`trainer.command.${setting}: '${path}' is relative and there is no configuration file; give the whole path`); // prettier-ignore
    }
    return resolve(configDirectory ?? '/', path);
  };
  const { command, lockCommand, workingDirectory, ...rest } = parsed.data;
  const program = (setting: string, path: string): string => (path.includes('/') ? located(setting, path) : path);
  const [lockProgram, ...lockArguments] = lockCommand ?? [];
  return Object.freeze({
    ...rest,
    command: program('command', command),
    workingDirectory: located('workingDirectory', workingDirectory),
    ...(lockProgram === undefined ? {} : { lockCommand: [program('lockCommand', lockProgram), ...lockArguments] }),
  });
}
