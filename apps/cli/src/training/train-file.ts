import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError } from '@slipway/kernel';
import type { Plugin, Trainer } from '@slipway/plugin-kit';
import { trainerCommandPlugin } from '@slipway/trainer-command';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const text = (max: number) => z.string().min(1, 'is empty').max(max);
const SEED_MAX = 2 ** 32 - 1;
const Id = text(128);
const DRIVERS = ['linear', 'command'] as const;
const TASKS = ['binary-classification', 'regression'] as const;
const settings = z.record(z.string(), z.unknown()).default({});

const File = z.strictObject({
  trainer: z.strictObject({ driver: z.enum(DRIVERS), linear: settings, command: settings }),
  'training-set': Id,
  model: text(256),
  description: text(2000),
  target: text(512),
  /** Times of the rows; with them the version gets a reference profile that monitors compare with. */
  'time-column': text(512).optional(),
  task: z.enum(TASKS),
  features: z
    .array(
      z.strictObject({
        column: text(512),
        reference: z
          .string()
          .max(512)
          .regex(/^[^:]+:[^:]+$/, 'is no `view:feature` and no `request:feature`'),
      }),
    )
    .min(1, 'names no feature')
    .max(4096),
  options: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).default({}),
  seed: z.int().min(0).max(SEED_MAX).default(1),
  experiment: text(500),
  evaluation: z.strictObject({ 'training-set': Id, dataset: text(256) }).optional(),
  'output-meanings': z.record(z.string(), text(1000)).default({}),
});

export interface TrainFile extends Readonly<Omit<z.infer<typeof File>, 'trainer'>> {
  /** With its settings read already. @param dataDirectory for its files; exists. */
  readonly createTrainer: (dependencies: Parameters<Plugin<'trainer', unknown, Trainer>['create']>[1]) => Trainer;
}

/**
 * Reads what `slipway train` is to do.
 * @param path absolute; relative paths of the trainer's settings start from its folder.
 * @param environment of the process, for the variables that a trainer's settings name.
 * @throws {InvalidArgumentError} with every problem, its key, and what belongs there.
 */
export function readTrainFile(path: string, environment: Readonly<Record<string, string | undefined>>): TrainFile {
  const parsed = File.safeParse(contentOf(path));
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.flatMap(violationsOf));
  const { trainer, ...file } = parsed.data;
  const columns = file.features.map(({ column }) => column);
  const twice = columns.findIndex((column, index) => columns.indexOf(column) < index);
  if (twice >= 0)
    throw InvalidArgumentError.of(`features.${twice}.column`, `'${columns[twice]}' is there before; remove it`);
  if (columns.includes(file.target))
    throw InvalidArgumentError.of('features', `'${file.target}' is the target; remove it from the features`);
  const { driver } = trainer;
  const raw = Object.fromEntries(Object.entries(trainer[driver]).map(([key, value]) => [camelCase(key), value]));
  const idle = DRIVERS.filter((other) => other !== driver && Object.keys(trainer[other]).length > 0);
  if (idle.length > 0)
    throw InvalidArgumentError.of(
      `trainer.${idle[0]}`,
      `is not used by the driver '${driver}'; remove it or set trainer.driver`,
    );
  const command = trainerCommandPlugin({ environment, configDirectory: dirname(path) });
  if (driver === 'linear') return withTrainer(trainerLinearPlugin, raw, file);
  return withTrainer(command, raw, file);
}

function withTrainer<Config>(
  plugin: Plugin<'trainer', Config, Trainer>,
  raw: Readonly<Record<string, unknown>>,
  file: Omit<TrainFile, 'createTrainer'>,
): TrainFile {
  let config: Config;
  try {
    config = plugin.parseConfig(raw);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw InvalidArgumentError.of(`trainer.${plugin.name}`, problem, { cause });
  }
  return { ...file, createTrainer: (dependencies) => plugin.create(config, dependencies) };
}

function contentOf(path: string): unknown {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (cause) {
    throw InvalidArgumentError.of('--config', `'${path}' cannot be read; name a YAML file`, { cause });
  }
  const document = parseDocument(source);
  const [problem] = document.errors;
  if (problem)
    throw InvalidArgumentError.of('--config', `'${path}' is no YAML: ${problem.message}`, { cause: problem });
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

function violationsOf(issue: z.core.$ZodIssue): { field: string; description: string }[] {
  const at = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ field: at.join('.') || '--config', description: issue.message }];
  return issue.keys.map((key) => ({ field: [...at, key].join('.'), description: 'is no key of this file; remove it' }));
}

/** Files spell `lock-command`, drivers `lockCommand`. */
const camelCase = (key: string): string => key.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
